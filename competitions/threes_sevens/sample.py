"""Make sample data in the layout of MNIST_SAMPLE: drawn threes and sevens, in folders named after them."""

from __future__ import annotations

import io
import random
from pathlib import Path

from common.files import atomic_write
from common.vision.digits import digit
from common.vision.drawn import pack

HIDDEN_SHARE = 0.25


def make(folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write mnist_sample.zip, sample_submission.csv and answers.csv; returns the rows of each.

    `rows` counts training and test pictures together.
    """
    rng = random.Random(seed)
    labels = ["37"[number % 2] for number in range(max(rows, 16))]
    rng.shuffle(labels)
    hidden = max(4, round(len(labels) * HIDDEN_SHARE))
    places = ["valid"] * hidden + ["train"] * (len(labels) - hidden)
    members = [
        (f"{place}/{label}/{number}.png", label)
        for number, (place, label) in enumerate(zip(places, labels, strict=True))
    ]
    pack(folder / "mnist_sample.zip", ((name, _png(rng, label)) for name, label in members))
    for name, answers in (("sample_submission.csv", ["3"] * hidden), ("answers.csv", labels[:hidden])):
        with atomic_write(folder / name, "w") as handle:
            handle.write("id,digit\n" + "".join(f"{number},{label}\n" for number, label in enumerate(answers)))
    return {"mnist_sample.zip": len(labels), "sample_submission.csv": hidden, "answers.csv": hidden}


def _png(rng: random.Random, label: str) -> bytes:
    digit(rng, label).save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()
