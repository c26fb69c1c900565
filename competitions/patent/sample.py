"""Make sample data in Kaggle's file layout: invented phrases whose score follows from their words.

A phrase is an adjective-like word and a noun-like word, each from a family of invented words. The score of two phrases
depends on how many words and families they share, so that a model can learn it from the text alone and every anchor is
new to the validation fold.
"""

from __future__ import annotations

import csv
import hashlib
import random
from pathlib import Path
from typing import Any

from common.files import atomic_write

ONSETS = (
    "b", "br", "c", "d", "dr", "f", "fl", "g", "gr", "k", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "tr", "v",
)  # fmt: skip
VOWELS = ("a", "e", "i", "o", "u")
CONTEXTS = ("A47", "B60", "C08", "F16", "G06", "H04")
TARGETS_PER_ANCHOR = 8
N_FAMILIES = 6
HIDDEN_FRACTION = 0.2


def make(folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write train.csv, test.csv, sample_submission.csv and answers.csv; returns the rows of each.

    `rows` counts training and test rows together; test anchors are not among the training anchors.
    """
    rng = random.Random(seed)
    families = [_family(rng) for _ in range(2 * N_FAMILIES)]
    kinds, things = families[:N_FAMILIES], families[N_FAMILIES:]
    anchors = max(4, round(rows / TARGETS_PER_ANCHOR))
    pairs = [row for number in range(anchors) for row in _group(rng, number, kinds, things)]
    n_hidden = max(1, round(anchors * HIDDEN_FRACTION)) * TARGETS_PER_ANCHOR
    train, test = pairs[n_hidden:], pairs[:n_hidden]
    tables: dict[str, tuple[tuple[str, ...], list[dict[str, Any]]]] = {
        "train.csv": (("id", "anchor", "target", "context", "score"), train),
        "test.csv": (("id", "anchor", "target", "context"), test),
        "sample_submission.csv": (("id", "score"), [{"id": row["id"], "score": 0} for row in test]),
        "answers.csv": (("id", "score"), test),
    }
    for name, (columns, content) in tables.items():
        with atomic_write(folder / name, "w") as handle:
            writer = csv.DictWriter(handle, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(content)
    return {name: len(content) for name, (_, content) in tables.items()}


def _family(rng: random.Random) -> list[str]:
    """Return three invented words with a common stem: their likeness can be seen in their letters."""
    stem = rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(ONSETS)
    return [stem + ending for ending in ("ing", "er", "able")]


def _group(rng: random.Random, number: int, kinds: list[list[str]], things: list[list[str]]) -> list[dict[str, Any]]:
    """Return the rows of one anchor: targets from near to far."""
    kind, thing = rng.choice(kinds), rng.choice(things)
    first, second = rng.choice(kind), rng.choice(thing)
    anchor, context = f"{first} {second}", rng.choice(CONTEXTS)
    rows = []
    for position in range(TARGETS_PER_ANCHOR):
        quarters = rng.choice((0, 1, 1, 2, 2, 3, 4)) if position else 4
        target = _target(rng, quarters, (first, kind), (second, thing), (kinds, things))
        key = hashlib.sha256(f"{number} {position} {anchor} {target}".encode()).hexdigest()[:16]
        rows.append({"id": key, "anchor": anchor, "target": target, "context": context, "score": quarters / 4})
    rng.shuffle(rows)
    return rows


def _target(
    rng: random.Random,
    quarters: int,
    first: tuple[str, list[str]],
    second: tuple[str, list[str]],
    families: tuple[list[list[str]], list[list[str]]],
) -> str:
    """Return a phrase with a score of some quarters, of which each word gives up to two."""
    points = (quarters // 2, quarters - quarters // 2)
    words = []
    for (word, family), others, value in zip((first, second), families, points, strict=True):
        if value == 2:
            words.append(word)
        elif value == 1:
            words.append(rng.choice([other for other in family if other != word]))
        else:
            words.append(rng.choice(rng.choice([other for other in others if other is not family])))
    return " ".join(words)
