"""Makes of a data folder what Kaggle has: the files that are served, the hidden test, and its answers.

Labels come from `answers.csv` in the data folder (columns: id and target). Where there is none, fold 0 of the
competition's own split is cut from the training set and takes the place of the test set. Of a code
competition a quarter of the test rows is visible and the hidden rerun sees the others, so that it meets
other ids and about three times the rows; groups of the split stay together. A CSV competition shows its whole test set.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from common.competition import Competition, Table
from common.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

ANSWERS, FINGERPRINT = "answers.csv", "prepared.json"
SERVED, RERUN = "served", "rerun"
VISIBLE_SHARE = 4  # one row in so many is visible in a code competition


@dataclass(frozen=True)
class _Tables:
    """Text to the letter, as in the files; `answers` has the id as text without quotes, and the target."""

    train: DataFrame | None
    test: DataFrame
    answers: DataFrame
    sample: DataFrame


def prepare(competition: Competition, data: Path, folder: Path) -> None:
    """Fill `folder` with `served/`, for code competitions `rerun/`, and `answers.csv`; done once for the same data.

    Raises:
        DataError: for files that are missing or not as described.
    """
    from common.files import atomic_folder

    fingerprint = _fingerprint(data)
    done = folder / FINGERPRINT
    if done.is_file() and done.read_text(encoding="utf-8") == fingerprint:
        return
    tables = _read(competition, data)
    with atomic_folder(folder) as made:
        if competition.submitted_as == "kernel":
            visible = _visible(competition, tables.test)
            _write(competition, data, made / SERVED, tables, tables.test[visible])
            _write(competition, data, made / RERUN, tables, tables.test[~visible])
            graded = tables.test[~visible]
        else:
            _write(competition, data, made / SERVED, tables, tables.test)
            graded = tables.test
        ids = _plain_ids(graded, competition.files.test)
        tables.answers.set_index(competition.submission.id).loc[ids.tolist()].to_csv(made / ANSWERS)
        _write_sample(competition, tables, graded, made)
        (made / FINGERPRINT).write_text(fingerprint, encoding="utf-8")


def _visible(competition: Competition, test: DataFrame) -> Series[bool]:
    """Return which test rows are visible, shape (n,): whole groups, about a quarter of the rows, never all."""
    group, row_id = competition.split.group, competition.files.test.id
    for column in (group, row_id):
        if column in test.columns:
            rank = hash_rank(test[column].drop_duplicates().set_axis(test[column].unique()), competition.slug)
            rows = test[column].map(rank)
            sizes = rows.value_counts().sort_index().cumsum()
            last = max(int((sizes <= len(test) // VISIBLE_SHARE).sum()), 1)
            if last < len(sizes):
                return rows < last
    raise DataError(
        f"{competition.files.test.file} has {len(test)} rows; a code competition needs a visible and a hidden one"
    )


def hash_rank(ids: Series[str], seed: str) -> Series[int]:
    """Return each id's place in an order that depends on nothing but the ids and the seed, shape (n,)."""
    return (
        ids.map(lambda value: sha256(f"{seed}\0{value}".encode()).hexdigest()).rank(method="first").astype("int64") - 1
    )


def _read(competition: Competition, data: Path) -> _Tables:
    from common.data import read_rows
    from common.splits import make_folds

    files, form = competition.files, competition.submission
    sample = _read_text(data, files.sample_submission, with_quotes=False)
    if (data / ANSWERS).is_file():
        test = _read_text(data, files.test)
        answers = _read_text(data, Table(file=ANSWERS, columns=()))
        missing = set(_plain_ids(test, files.test)) - set(answers.get(form.id, ()))
        if missing:
            raise DataError(f"{data / ANSWERS} lacks the {form.id} of {len(missing)} test rows, e.g. {min(missing)!r}")
        return _Tables(None, test, answers, sample)
    train = _read_text(data, files.train)
    hidden = make_folds(read_rows(data, files.train), competition.split) == 0
    pool = train[hidden]
    answers = _plain_ids(pool, files.train).to_frame(form.id)
    answers[form.targets[0] if len(form.targets) == 1 else competition.target] = pool[competition.target]
    return _Tables(train[~hidden], pool[[column.name for column in files.test.columns]], answers, sample)


def _write(competition: Competition, data: Path, target: Path, tables: _Tables, test: DataFrame) -> None:
    files = competition.files
    target.mkdir(parents=True)
    made = {files.test.file, files.sample_submission.file, ANSWERS}
    _write_text(test, target / files.test.file, files.test)
    _write_sample(competition, tables, test, target)
    if tables.train is not None:
        made.add(files.train.file)
        _write_text(tables.train, target / files.train.file, files.train)
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        if path.is_file() and not any(name in (table, f"{table}.zip", f"{table}.gz") for table in made):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            _link(path, target / name)


def _write_sample(competition: Competition, tables: _Tables, test: DataFrame, folder: Path) -> None:
    """Write a sample submission for these test rows, with the values of the given one's first row."""
    form, table = competition.submission, competition.files.sample_submission
    sample = _plain_ids(test, competition.files.test).to_frame(form.id)
    for target in form.targets:
        sample[target] = tables.sample[target].iloc[0]
    sample.to_csv(folder / table.file, sep=table.separator, index=False)


def _plain_ids(frame: DataFrame, table: Table) -> Series[str]:
    # Read with quoting=3 the quotes stand in the id; a submission is ordinary CSV, where they do not.
    if table.id is None:
        raise DataError(f"{table.file} has no id column, so its rows cannot be graded")
    ids = frame[table.id]
    return ids.str.strip('"') if table.quoting == "none" else ids


def _read_text(folder: Path, table: Table, with_quotes: bool = True) -> DataFrame:
    import pandas as pd

    from common.data import PACKED

    path = next((folder / (table.file + end) for end in PACKED if (folder / (table.file + end)).is_file()), None)
    if path is None:
        raise DataError(f"{table.file} is not in {folder}")
    quoting: Literal[0, 3] = 3 if table.quoting == "none" and with_quotes else 0  # csv.QUOTE_NONE, QUOTE_MINIMAL
    frame: DataFrame = pd.read_csv(path, sep=table.separator, quoting=quoting, dtype=str, keep_default_na=False)
    return frame


def _write_text(frame: DataFrame, path: Path, table: Table) -> None:
    if table.quoting == "none":  # no quoting, no escaping: the lines as they were
        rows = [table.separator.join(row) for row in [list(frame.columns), *frame.to_numpy().tolist()]]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    else:
        frame.to_csv(path, sep=table.separator, index=False)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _fingerprint(data: Path) -> str:
    files = sorted(path for path in data.rglob("*") if path.is_file())
    stats = [(path.relative_to(data).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return json.dumps([str(data.resolve()), stats])
