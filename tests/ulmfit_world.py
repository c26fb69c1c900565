"""A handful of reviews in Kaggle's layout whose sentiment is in their words, and how to train on them in seconds."""

from __future__ import annotations

import random
from pathlib import Path

GOOD, BAD = ("wonderful", "moving", "brilliant", "funny"), ("dull", "awful", "boring", "wooden")
OTHER = tuple(f"{one}{two}{three}" for one in "bdklm" for two in "aeiou" for three in ("n", "r", "st", "t"))

TINY = (
    "--profile", "sample", "--folds", "0", "--set", "language_model.batch_size=8", "--set", "classifier.batch_size=8",
    "--set", "network.embedding=12", "--set", "network.hidden=16", "--set", "network.layers=2",
    "--set", "classifier.epochs=2",
)  # fmt: skip


def reviews(folder: Path, *, train: int = 48, test: int = 12, unlabeled: int = 24, seed: int = 0) -> Path:
    """Write the tables; returns their folder."""
    rng = random.Random(seed)

    def review(good: bool) -> str:
        words = [rng.choice(OTHER) for _ in range(rng.randint(8, 40))]
        for _ in range(3):
            words.insert(rng.randrange(len(words)), rng.choice(GOOD if good else BAD))
        return f'"{" ".join(words)}."'

    folder.mkdir(parents=True, exist_ok=True)
    labels = [row % 2 for row in range(train)]
    tables = {
        "labeledTrainData.tsv": ["id\tsentiment\treview"]
        + [f'"{row}_{9 if label else 2}"\t{label}\t{review(bool(label))}' for row, label in enumerate(labels)],
        "testData.tsv": ["id\treview"] + [f'"{1000 + row}_{row % 10}"\t{review(row % 2 == 0)}' for row in range(test)],
        "unlabeledTrainData.tsv": ["id\treview"]
        + [f'"{2000 + row}_0"\t{review(row % 2 == 0)}' for row in range(unlabeled)],
        "sampleSubmission.csv": ["id,sentiment"] + [f'"{1000 + row}_{row % 10}",0' for row in range(test)],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
