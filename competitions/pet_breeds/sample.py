"""Make sample data in the layout of the Oxford-IIIT Pet Dataset: drawn heads, a coat for each breed."""

from __future__ import annotations

import random
from pathlib import Path

from common.files import atomic_write
from common.vision.drawn import COATS, animal, pack
from competitions.pet_breeds.breeds import BREEDS

HIDDEN_SHARE = 0.25
# Few breeds, so that each has pictures enough to learn from: three coats of cats, three of dogs.
DRAWN = {"Bombay": 2, "Persian": 5, "Russian_Blue": 0, "beagle": 1, "newfoundland": 2, "samoyed": 5}


def make(folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write train.zip, test.zip, sample_submission.csv and answers.csv; returns the rows of each.

    `rows` counts training and test pictures together.
    """
    rng = random.Random(seed)
    n_hidden = max(len(DRAWN), round(rows * HIDDEN_SHARE))
    n_each = max(8, (rows - n_hidden) // len(DRAWN))
    train = ((f"train/{breed}_{number}.jpg", _drawn(rng, breed)) for breed in DRAWN for number in range(1, n_each + 1))
    pack(folder / "train.zip", train)
    answers = [breed for _, breed in zip(range(n_hidden), [*DRAWN] * n_hidden, strict=False)]
    rng.shuffle(answers)
    pack(folder / "test.zip", ((f"test/{number}.jpg", _drawn(rng, breed)) for number, breed in enumerate(answers, 1)))
    even = [str(1 / len(BREEDS))] * len(BREEDS)
    certain = [[str(int(breed == answer)) for breed in BREEDS] for answer in answers]
    for name, values in (("sample_submission.csv", [even] * n_hidden), ("answers.csv", certain)):
        lines = [f"{number},{','.join(row)}" for number, row in enumerate(values, 1)]
        with atomic_write(folder / name, "w") as handle:
            handle.write("\n".join([f"id,{','.join(BREEDS)}", *lines, ""]))
    return {
        "train.zip": len(DRAWN) * n_each, "test.zip": n_hidden, "sample_submission.csv": n_hidden,
        "answers.csv": n_hidden,
    }  # fmt: skip


def _drawn(rng: random.Random, breed: str) -> bytes:
    return animal(rng, "cat" if breed[0].isupper() else "dog", COATS[DRAWN[breed]])
