"""Make sample data in Kaggle's file layout: invented reviews whose words, mostly, say what their authors thought.

They have what real ones have and a reader must cope with: HTML line breaks, quotes, capitals, repeated signs and words, a
star rating behind every id; some words of praise stand in bad reviews and the other way round, alone or behind "not".
"""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import NamedTuple

from common.files import atomic_write

HIDDEN_SHARE = 0.3
UNLABELED_SHARE = 0.5  # of the labelled and hidden ones, on top
AGREEING = 0.85  # opinions that are those of the review

PRAISE = (
    "wonderful", "touching", "brilliant", "gripping", "charming", "superb", "moving", "clever", "delightful", "fresh",
    "tender", "splendid", "witty", "haunting", "lovely",
)  # fmt: skip
BLAME = (
    "dull", "awful", "clumsy", "tedious", "lifeless", "dreadful", "pointless", "wooden", "stale", "silly", "noisy",
    "muddled", "lazy", "shallow", "painful",
)  # fmt: skip
PARTS = (
    "plot", "cast", "ending", "dialogue", "score", "camera work", "first act", "villain", "love story", "pace",
    "second half", "director's cut",
)  # fmt: skip
PEOPLE = ("Marlow", "Ines Vidal", "T. Okafor", "Lindqvist", "the twins", "old Mr. Harrow")
PLAIN = (
    "I saw it on a rainy Sunday in 1998.", "{person} plays a postman who finds a letter.", "It runs for 97 minutes.",
    "My sister rented it for $2.50.", "The story is set in a small harbour town.", "{person} wrote the script, too.",
    "There's a dog in it, if that's your thing.", "It was shot in black-and-white.",
)  # fmt: skip
OPINIONS = (
    "The {part} is {word}.", "I found the {part} {word} & {other}.", "What a {word} {part}!!!", "{part} {word}, {other}.",
    'A friend called the {part} "{word}" and was right.', "{person} gives us a {word}, {other} {part}...",
    "It's very very very {word}.", "The {part}: {loud}.", "{word}/{other}, that's the {part} for you.",
)  # fmt: skip
DENIALS = ("The {part} is not {against}.", "Nobody would call the {part} {against}.")
BREAKS = (" ", " ", " ", "<br /><br />")


class Review(NamedTuple):
    """One row of the tables."""

    id: str
    sentiment: int
    review: str


def make(folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write Kaggle's three tables, sampleSubmission.csv and answers.csv; returns the rows of each.

    `rows` counts training and test rows together; unlabeled ones come on top.
    """
    rng = random.Random(seed)
    hidden = max(2, round(rows * HIDDEN_SHARE))
    made = [_review(rng, number, number % 2) for number in range(max(rows, 8))]
    rng.shuffle(made)
    test, train = made[:hidden], made[hidden:]
    unlabeled = [
        _review(rng, number, rng.randrange(2))._replace(id=f"{number}_0")
        for number in range(round(rows * UNLABELED_SHARE))
    ]
    tables = {"labeledTrainData.tsv": train, "testData.tsv": test, "unlabeledTrainData.tsv": unlabeled}
    for name, reviews in tables.items():
        _write_table(folder / name, reviews, with_sentiment=reviews is train)
    for name in ("sampleSubmission.csv", "answers.csv"):
        with atomic_write(folder / name, "w") as handle:
            writer = csv.writer(handle, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
            writer.writerow(("id", "sentiment"))
            writer.writerows((row.id, row.sentiment if name == "answers.csv" else 0) for row in test)
    return {
        **{name: len(reviews) for name, reviews in tables.items()},
        "sampleSubmission.csv": hidden,
        "answers.csv": hidden,
    }


def _write_table(path: Path, reviews: list[Review], *, with_sentiment: bool) -> None:
    """Write a table as Kaggle's are: text in quotes, and a backslash before every quote in it."""
    with atomic_write(path, "w") as handle:
        handle.write("\t".join(["id", *["sentiment"] * with_sentiment, "review"]) + "\n")
        for row in reviews:
            escaped = row.review.replace('"', '\\"')
            handle.write("\t".join([f'"{row.id}"', *[str(row.sentiment)] * with_sentiment, f'"{escaped}"']) + "\n")


def _review(rng: random.Random, number: int, sentiment: int) -> Review:
    """Return a review of two to nine sentences, some of which are opinions."""
    opinions = [_opinion(rng, sentiment) for _ in range(rng.randint(2, 5))]
    sentences = opinions + [_filled(rng, rng.choice(PLAIN)) for _ in range(rng.randint(0, 4))]
    rng.shuffle(sentences)
    text = sentences[0] + "".join(rng.choice(BREAKS) + sentence for sentence in sentences[1:])
    stars = rng.choice((7, 8, 9, 10) if sentiment else (1, 2, 3, 4))
    return Review(f"{number}_{stars}", sentiment, text)


def _opinion(rng: random.Random, sentiment: int) -> str:
    for_it, against = (PRAISE, BLAME) if (rng.random() < AGREEING) == bool(sentiment) else (BLAME, PRAISE)
    return _filled(rng, rng.choice(DENIALS if rng.random() < 0.15 else OPINIONS), for_it, against)


def _filled(
    rng: random.Random, template: str, for_it: tuple[str, ...] = PRAISE, against: tuple[str, ...] = BLAME
) -> str:
    word, other = rng.sample(for_it, 2)
    filled = template.format(
        part=rng.choice(PARTS), person=rng.choice(PEOPLE), word=word, other=other, loud=word.upper(),
        against=rng.choice(against),
    )  # fmt: skip
    return filled[0].upper() + filled[1:]
