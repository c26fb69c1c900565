"""Make sample data in the layout of MovieLens: viewers with a taste, films with genres, ratings of some pairs."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from common.files import atomic_write

GENRES = ("Action", "Comedy", "Drama", "Horror")
HIDDEN_SHARE = 0.1
_START = 946_684_800  # 2000-01-01


def make(folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write ratings.csv, test.csv, movies.csv, sample_submission.csv and answers.csv; returns the rows of each.

    `rows` counts the ratings of both sides. As in the real test set, every viewer is known, a film may be new.
    """
    rng = random.Random(seed)
    viewers, films = max(4, rows // 20), max(6, rows // 8)
    kind = [rng.gauss(0, 0.4) for _ in range(viewers)]
    tastes = [[rng.gauss(0, 0.6) for _ in GENRES] for _ in range(viewers)]
    good, genre = [rng.gauss(0, 0.5) for _ in range(films)], [rng.randrange(len(GENRES)) for _ in range(films)]
    pairs = [(viewer, film) for viewer in range(viewers) for film in range(films)]
    rated = sorted(rng.sample(pairs, min(rows, len(pairs))))
    lines: list[tuple[Any, ...]] = []
    for number, (viewer, film) in enumerate(rated):
        stars = 3.5 + kind[viewer] + good[film] + tastes[viewer][genre[film]] + rng.gauss(0, 0.4)
        when = _START + viewer * 86_400 + number * 60
        lines.append((viewer + 1, film + 1, min(5.0, max(0.5, round(2 * stars) / 2)), when))
    hidden = set(rng.sample(range(len(lines)), max(4, round(len(lines) * HIDDEN_SHARE))))
    hidden -= {[line[0] for line in lines].index(viewer) for viewer in {line[0] for line in lines}}
    train = [line for number, line in enumerate(lines) if number not in hidden]
    test = [lines[number] for number in sorted(hidden)]
    tables: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
        "ratings.csv": (("userId", "movieId", "rating", "timestamp"), train),
        "test.csv": (
            ("id", "userId", "movieId", "timestamp"),
            [(number, *line[:2], line[3]) for number, line in enumerate(test, 1)],
        ),
        "movies.csv": (
            ("movieId", "title", "genres"),
            [(film + 1, f"Film {film + 1} ({1950 + film % 70})", GENRES[genre[film]]) for film in range(films)],
        ),
        "sample_submission.csv": (("id", "rating"), [(number, 3.5) for number in range(1, len(test) + 1)]),
        "answers.csv": (("id", "rating"), [(number, line[2]) for number, line in enumerate(test, 1)]),
    }
    for name, (header, table) in tables.items():
        _write(folder / name, [header, *table])
    return {name: len(table) for name, (_, table) in tables.items()}


def _write(path: Path, lines: Iterable[Iterable[Any]]) -> None:
    with atomic_write(path, "w") as handle:
        csv.writer(handle, lineterminator="\n").writerows(lines)
