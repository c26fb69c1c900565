"""Toy files in the shape of real competitions', made from a few words for each column."""

from __future__ import annotations

import gzip
import json
import random
import wave
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

Row = dict[str, Any]
TALE = "the old sailor went to sea again and came home with a parrot that knew many songs of ships and gold"
WORDS = TALE.split()


@dataclass(frozen=True)
class Rows:
    """`count` rows from number `start` on; each column is made by a word, see `cell`."""

    count: int
    columns: dict[str, str]
    start: int = 0
    shuffled: bool = False

    def made(self) -> list[Row]:
        rng, rows = random.Random(self.start), []
        for number in range(self.start, self.start + self.count):
            row: Row = {}
            for name, how in self.columns.items():
                row[name] = cell(how, number, rng, row)
            rows.append(row)
        if self.shuffled:
            rng.shuffle(rows)
        return rows


def cell(how: str, number: int, rng: random.Random, row: Row) -> Any:
    """Return a cell. The word is what it is like, what stands behind the colon says it closer."""
    kind, _, more = how.partition(":")
    simple: dict[str, Callable[[], Any]] = {
        "id": lambda: (more or "{}").format(number),
        "num": lambda: round(rng.gauss(5, 2), 4),
        "gaps": lambda: "" if rng.random() < 0.1 else round(rng.gauss(0, 1), 4),
        "unit": lambda: round(rng.random(), 4),
        "pos": lambda: round(rng.lognormvariate(1, 1), 4),
        "cat": lambda: rng.choice(more.split("|")),
        "text": lambda: " ".join(rng.choices(WORDS, k=rng.randint(8, 16))),
        "long": lambda: " ".join(rng.choices(WORDS, k=80)),
        "date": lambda: (date(2020, 1, 1) + timedelta(days=number)).isoformat(),
        "dated": lambda: f"{more.format(number % 4 + 1)}_{(date(2020, 1, 1) + timedelta(days=number)).isoformat()}",
        "day": lambda: (date(2020, 1, 1) + timedelta(days=rng.randrange(500))).isoformat(),
        "one": lambda: more,
        "rle": lambda: "" if number % 3 == 0 else " ".join(str(each) for each in runs(rng)),
        "pixels": lambda: " ".join(str(rng.randint(0, 60) + 60 * (number % 3)) for _ in range(int(more))),
        "rank": lambda: " ".join(rng.sample(more.split("|"), len(more.split("|")))),
    }
    if kind in simple:
        return simple[kind]()
    if kind == "pair":
        size, _, form = more.partition(":")
        return (form or "{}_{}").format(number // int(size), number % int(size) + 1)
    if kind == "int":
        low, high = map(int, more.split("-"))
        return rng.randint(low, high)
    if kind == "each":  # as many rows of each
        return more.split("|")[number % len(more.split("|"))]
    if kind == "group":
        size, _, form = more.partition(":")
        return form.format(number // int(size))
    if kind == "list":
        separator, labels = (more[0], more[1:]) if more[0] in ",|;" else (" ", more)
        return separator.join(sorted(rng.sample(labels.split("/"), rng.choice((1, 1, 2, 3)))))
    if kind == "span":
        words = row[more].split()
        start = rng.randrange(len(words) - 2)
        return " ".join(words[start : start + 2])
    if kind == "mark":  # 1 where the number is of this remainder
        remainder, _, of = more.partition("/")
        return int(number % int(of) == int(remainder))
    if kind == "box":
        return " ".join(f"{rng.random():.2f}" for _ in range(int(more) * rng.randint(1, 2)))
    raise ValueError(how)


def runs(rng: random.Random) -> list[int]:
    starts = sorted(rng.sample(range(1, 4000, 6), 3))  # runs do not overlap
    return [part for start in starts for part in (start, rng.randint(1, 5))]


@dataclass(frozen=True)
class Pack:
    """A table in an archive, or several in one: by the ending of the name that it has in the folder."""

    name: str
    rows: Rows


@dataclass(frozen=True)
class Media:
    """Files whose names are made from the rows of a table: `form` is filled with a row's cells."""

    rows: Rows
    form: str


@dataclass(frozen=True)
class Text:
    """A file with just this text."""

    text: str


@dataclass(frozen=True)
class Blank:
    """Rows of which a column is empty from row number `start` on."""

    rows: Rows
    column: str
    start: int

    def made(self) -> list[Row]:
        made = self.rows.made()
        return [
            {**row, self.column: "" if number >= self.start else row[self.column]} for number, row in enumerate(made)
        ]


@dataclass(frozen=True)
class Bare:
    """Rows without a header, or of a name that ends with .npy an array: `side` makes a square picture of each row."""

    rows: Rows
    side: int = 0


Content = Rows | Pack | Media | Text | Blank | Bare | tuple[Media, ...] | tuple[Pack, ...]


def write(
    folder: Path,
    files: dict[str, Content],
    draw: Callable[[int, str], bytes] = lambda number, ending: filled(number, ending),
) -> Path:
    """Write all files into a folder, which is returned; `draw` makes a picture of a row."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Text):
            path.write_text(content.text, encoding="utf-8")
        elif isinstance(content, Rows | Blank):
            path.write_bytes(encoded(name, content.made()))
        elif isinstance(content, Bare):
            path.write_bytes(bare(name, content))
        elif isinstance(content, Pack):
            _pack(path, {content.name: encoded(content.name, content.rows.made())})
        elif isinstance(content, tuple) and isinstance(content[0], Pack):
            _pack(path, {each.name: encoded(each.name, each.rows.made()) for each in content})
        else:
            media = content if isinstance(content, tuple) else (content,)
            named = [(number, each.form.format(**row)) for each in media for number, row in enumerate(each.rows.made())]
            members = {member: draw(number, Path(member).suffix) for number, member in named}
            if path.suffix == ".zip":
                _pack(path, members)
            else:
                for member, data in members.items():
                    (path / member).parent.mkdir(parents=True, exist_ok=True)
                    (path / member).write_bytes(data)
    return folder


def filled(number: int, ending: str) -> bytes:
    """Return a file that is no picture: a table of two signals, a sound, an array, a text, or a letter."""
    rng = random.Random(number)
    if ending == ".txt":
        return " ".join(rng.choices(WORDS[number % 3 :: 3], k=60)).encode()
    values = [rng.gauss(0, 1 + number % 3) for _ in range(400)]
    if ending == ".csv":
        return "\n".join(["a,b", *(f"{one:.3f},{-one:.3f}" for one in values)]).encode()
    buffer = BytesIO()
    if ending == ".wav":
        with wave.open(buffer, "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"".join(int(2000 * one).to_bytes(2, "little", signed=True) for one in values))
        return buffer.getvalue()
    if ending == ".npy":
        import numpy as np

        np.save(buffer, np.array(values, "float16").reshape(2, 20, 10))
        return buffer.getvalue()
    return b"x"


def _pack(path: Path, members: dict[str, bytes]) -> None:
    if path.suffix == ".gz":
        (data,) = members.values()
        path.write_bytes(gzip.compress(data, mtime=0))
        return
    if path.suffix == ".7z":
        import py7zr

        with py7zr.SevenZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(data, name)
        return
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)


def bare(name: str, content: Bare) -> bytes:
    """Return rows as cells without names."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(content.rows.made())
    if not name.endswith(".npy"):
        return frame.to_csv(index=False, header=False, lineterminator="\n").encode()
    array = np.array(frame.to_numpy().tolist())
    buffer = BytesIO()
    np.save(buffer, array.reshape(-1, content.side, content.side) if content.side else array)
    return buffer.getvalue()


def encoded(name: str, rows: list[Row]) -> bytes:
    """Return rows in the format that a name ends with."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    if name.endswith(".json"):
        return json.dumps(rows).encode()
    if name.endswith(".jsonl"):
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if name.endswith(".parquet"):
        buffer = BytesIO()
        frame.to_parquet(buffer)
        return buffer.getvalue()
    return frame.to_csv(sep="\t" if name.endswith(".tsv") else ",", index=False, lineterminator="\n").encode()


@dataclass(frozen=True, kw_only=True)
class Toy:
    """A competition's shape: its files, and what has to be found in them."""

    slug: str
    files: dict[str, Content]
    metric: str
    id: str
    target: str | tuple[str, ...]
    predicts: str
    cell: str
    application: str
    split: str
    group: str | None = None
    needs: tuple[str, ...] = ()
    hints: dict[str, Any] = field(default_factory=dict)
    trained: bool = True
