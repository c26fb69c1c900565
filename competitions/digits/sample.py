"""Make sample data in Kaggle's file layout: drawn digits, their pixels in columns."""

from __future__ import annotations

import random
from pathlib import Path

from common.files import atomic_write
from common.vision.digits import SIDE, digit

HIDDEN_SHARE = 0.25


def make(folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write train.csv, test.csv, sample_submission.csv and answers.csv; returns the rows of each.

    `rows` counts training and test rows together.
    """
    rng = random.Random(seed)
    labels = [str(number % 10) for number in range(max(rows, 60))]
    rng.shuffle(labels)
    hidden = max(10, round(len(labels) * HIDDEN_SHARE))
    train, test = labels[hidden:], labels[:hidden]
    names = ",".join(f"pixel{number}" for number in range(SIDE * SIDE))

    def pixels(label: str) -> str:
        return ",".join(map(str, digit(rng, label).tobytes()))

    files = {
        "train.csv": [f"label,{names}", *(f"{label},{pixels(label)}" for label in train)],
        "test.csv": [names, *map(pixels, test)],
        "sample_submission.csv": ["ImageId,Label", *(f"{number},0" for number in range(1, hidden + 1))],
        "answers.csv": ["ImageId,Label", *(f"{number},{label}" for number, label in enumerate(test, 1))],
    }
    for name, lines in files.items():
        with atomic_write(folder / name, "w") as handle:
            handle.write("\n".join([*lines, ""]))
    return {name: len(lines) - 1 for name, lines in files.items()}
