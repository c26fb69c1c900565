"""Make sample data: drawn birds and other animals in two folders, and a file that is no picture."""

from __future__ import annotations

import random
from pathlib import Path

from common.files import atomic_write
from common.vision.drawn import animal, bird, pack

HIDDEN_SHARE = 0.25


def make(folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write train.zip, test.zip, sample_submission.csv and answers.csv; returns the rows of each.

    `rows` counts training and test pictures together.
    """
    rng = random.Random(seed)
    hidden = max(2, round(rows * HIDDEN_SHARE))
    each = max(8, (rows - hidden + 1) // 2)
    names = ((name, number) for name in ("bird", "other") for number in range(each))
    train = [(f"train/{name}/{number}.jpg", _drawn(rng, name == "bird")) for name, number in names]
    pack(folder / "train.zip", [*train, ("train/other/broken.jpg", b"<html>not found</html>")])
    labels = [number % 2 for number in range(hidden)]
    rng.shuffle(labels)
    pack(folder / "test.zip", ((f"test/{n}.jpg", _drawn(rng, bool(label))) for n, label in enumerate(labels, 1)))
    for name, values in (("sample_submission.csv", [0.5] * hidden), ("answers.csv", labels)):
        with atomic_write(folder / name, "w") as handle:
            handle.write("id,is_bird\n" + "".join(f"{number},{value}\n" for number, value in enumerate(values, 1)))
    return {"train.zip": len(train) + 1, "test.zip": hidden, "sample_submission.csv": hidden, "answers.csv": hidden}


def _drawn(rng: random.Random, is_bird: bool) -> bytes:
    return bird(rng) if is_bird else animal(rng, rng.choice(("cat", "dog")))
