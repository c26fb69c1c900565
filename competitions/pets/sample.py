"""Make sample data in Kaggle's file layout: drawn cats and dogs, in train.zip and test.zip."""

from __future__ import annotations

import random
from pathlib import Path

from common.files import atomic_write
from common.vision.drawn import Kind, animal, pack

HIDDEN_SHARE = 0.25
KINDS: tuple[Kind, Kind] = ("cat", "dog")  # in the order of the labels


def make(folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write train.zip, test.zip, sample_submission.csv and answers.csv; returns the rows of each.

    `rows` counts training and test pictures together.
    """
    rng = random.Random(seed)
    n_hidden = max(2, round(rows * HIDDEN_SHARE))
    n_each = max(8, (rows - n_hidden + 1) // 2)
    train = ((f"train/{kind}.{number}.jpg", animal(rng, kind)) for kind in KINDS for number in range(n_each))
    pack(folder / "train.zip", train)
    labels = [number % 2 for number in range(n_hidden)]
    rng.shuffle(labels)
    test = ((f"test/{number}.jpg", animal(rng, KINDS[label])) for number, label in enumerate(labels, 1))
    pack(folder / "test.zip", test)
    for name, values in (("sample_submission.csv", [0.5] * n_hidden), ("answers.csv", labels)):
        with atomic_write(folder / name, "w") as handle:
            handle.write("id,label\n" + "".join(f"{number},{value}\n" for number, value in enumerate(values, 1)))
    return {"train.zip": 2 * n_each, "test.zip": n_hidden, "sample_submission.csv": n_hidden, "answers.csv": n_hidden}
