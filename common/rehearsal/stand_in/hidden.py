"""Make what Kaggle has from a data folder: the files that are served, the hidden test, and its answers.

Labels come from `answers.csv` in the data folder, which has the columns of a submission. If there is none, fold 0
of the competition's own split is cut from the training set and replaces the test set; files get numbers
for names, because theirs may give the label away. In a code competition a quarter of the test rows is visible and the
hidden rerun sees the others, so that it meets other ids and about three times the rows; groups of the split stay
together. Any other competition shows its whole test set.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import Cell, Competition, Folder, Source, SubmissionFormat, Table
from common.errors import DataError
from common.files import atomic_folder
from common.rehearsal.stand_in import rows
from common.submission.shape import with_id, with_parts
from common.wording import listed

if TYPE_CHECKING:
    from numpy import bool_
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

ANSWERS, FINGERPRINT = "answers.csv", "prepared.json"
SERVED, RERUN = "served", "rerun"
VISIBLE_ONE_IN = 4  # one row in so many is visible in a code competition


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """Rows of the test set and what belongs to them.

    `source` is what the test set is written as; `answers` has the columns of a submission. `hidden` is a mask of the
    rows that were cut from the training set, None if none were.
    """

    test: DataFrame
    source: Source
    answers: DataFrame
    train: DataFrame | None = None
    hidden: NDArray[bool_] | None = None


def prepare(competition: Competition, data: Path, folder: Path) -> None:
    """Fill `folder` with `served/`, for code competitions `rerun/`, and `answers.csv`; done once for the same data.

    Raises:
        DataError: for files that are missing or not as described.
    """
    fingerprint = _fingerprint(data)
    done = folder / FINGERPRINT
    if done.is_file() and done.read_text(encoding="utf-8") == fingerprint:
        return
    parts = _with_answers(competition, data) if (data / ANSWERS).is_file() else _cut(competition, data)
    with atomic_folder(folder) as part:
        views = {SERVED: parts.test}
        if competition.submitted_as == "kernel":
            visible = _visible(competition, parts)
            views = {SERVED: parts.test[visible], RERUN: parts.test[~visible]}
        for view, test in views.items():
            _write(competition, data, part / view, parts, test)
        graded = rows.ids(test, parts.source)  # of the last view
        parts.answers.set_index(competition.submission.id).loc[graded.tolist()].to_csv(part / ANSWERS)
        shutil.copyfile(part / view / sample_name(competition), part / sample_name(competition))
        (part / FINGERPRINT).write_text(fingerprint, encoding="utf-8")


def sample_name(competition: Competition) -> str:
    """Return the name of the sample submission, which a stand-in always has."""
    return competition.files.sample_submission.file


def hash_rank(ids: Series[str], seed: str) -> Series[int]:
    """Return each id's rank, from 0, in an order that depends on nothing but the ids and the seed, shape (n,)."""
    digests = ids.map(lambda value: sha256(f"{seed}\0{value}".encode()).hexdigest())
    return digests.rank(method="first").astype("int64") - 1


def _with_answers(competition: Competition, data: Path) -> _Parts:
    """Take the test set as it is, with the labels of `answers.csv`."""
    format = competition.submission
    source = rows.present(data, competition.files.test)
    test = rows.read(data, source)
    answers = with_id(rows.read(data, Table(file=ANSWERS, columns=(), separator=format.separator)), format)
    if missing := [name for name in (format.id, *format.targets) if name not in answers.columns]:
        raise DataError(f"{data / ANSWERS} lacks the column {missing[0]!r}; it needs those of a submission")
    if unknown := set(rows.ids(test, source)) - set(answers[format.id]):
        raise DataError(f"{data / ANSWERS} lacks the {format.id} of {len(unknown)} test rows, e.g. {min(unknown)!r}")
    return _Parts(test=test, source=source, answers=answers[[format.id, *format.targets]])


def _cut(competition: Competition, data: Path) -> _Parts:
    """Cut fold 0 of the competition's split from the training set."""
    files = competition.files
    source, test_source = rows.present(data, files.train), files.test
    if isinstance(source, Folder) and isinstance(test_source, Table):
        test_source = test_source.instead or test_source
    if isinstance(source, Folder) != isinstance(test_source, Folder):
        raise DataError(
            f"file not found: {data / ANSWERS}; {test_source.file} cannot be cut from {source.file}, so add the labels"
        )
    if competition.predicts == "masks":
        raise DataError(f"file not found: {data / ANSWERS}; masks are not cut from the training set, so add the labels")
    train = rows.read(data, source)
    has_ids = isinstance(source, Folder) or source.id is not None
    hidden = _hidden(competition, data, source, rows.ids(train, source) if has_ids else rows.numbers(train, 0))
    pool = train[hidden]
    if isinstance(source, Folder):
        pool = pool.iloc[hash_rank(pool[rows.ID], competition.slug).to_numpy().argsort()]
        labels, test = pool[[source.label or competition.targets[0]]], pool[[rows.ID, rows.FILE]]
        test = test.assign(**{rows.ID: [str(number) for number in range(1, len(test) + 1)]})
    else:
        labels, test = pool[list(competition.targets)], pool.drop(columns=list(competition.targets))
        if not has_ids and isinstance(test_source, Table) and test_source.id is not None:
            test = test.assign(**{test_source.id: rows.numbers(test, 1)})
        there = rows.paths(data, test_source)
        test = test[list(rows.read(data, test_source)) if there else [each.name for each in test_source.columns]]
    answers = _answers(competition.submission, rows.ids(test, test_source), labels)
    return _Parts(test=test, source=test_source, answers=answers, train=train, hidden=hidden)


def _hidden(competition: Competition, data: Path, source: Source, ids: Series[str]) -> NDArray[bool_]:
    """Return which training rows are cut off (n,); those that the model code leaves out stay."""
    import pandas as pd

    from common.data import frames
    from common.splits.folds import make_folds

    split = competition.split
    frame = frames.read_rows(data, source)
    if not {split.group, split.stratify, split.order, split.column} <= {*frame.columns, None}:
        frame = _enriched(competition, data)
    folds = pd.Series(make_folds(frame, split), index=frames.ids(frame, source).to_numpy())
    hidden: NDArray[bool_] = folds.reindex(ids.to_numpy(), fill_value=-1).to_numpy() == 0
    return hidden


def _enriched(competition: Competition, data: Path) -> DataFrame:
    """Return the training rows with the columns that the competition's model code adds for its split."""
    from common import environment, registry
    from common.data.frames import read
    from common.model import Context
    from common.progress import Progress

    context = Context.of(competition.name, environment.detect(), progress=Progress(live=False))
    models = registry.models(competition.name)
    return models.enrich(read(competition, data), competition.profile("baseline"), context).training


def _answers(format: SubmissionFormat, ids: Series[str], labels: DataFrame) -> DataFrame:
    """Return labels as a perfect submission: classes are one-hot, a column each."""
    answers = ids.to_frame(format.id)
    if format.classes is None or labels.shape[1] > 1:
        return answers.assign(**{name: labels.iloc[:, at].to_numpy() for at, name in enumerate(format.targets)})
    (label,) = (labels[name] for name in labels)
    if unknown := set(label) - set(format.classes):
        raise DataError(f"unknown label {min(unknown)!r}; the classes are {listed(format.classes, 5)}")
    return answers.assign(**{name: (label == name).astype(int).to_numpy() for name in format.classes})


def _visible(competition: Competition, parts: _Parts) -> Series[bool]:
    """Return which test rows are visible, shape (n,): whole groups, about a quarter of the rows, never all."""
    test = parts.test
    groups = [test[competition.split.group]] if competition.split.group in test.columns else []
    for values in (*groups, rows.ids(test, parts.source)):
        rank = hash_rank(values.drop_duplicates().set_axis(values.unique()), competition.slug)
        ranks = values.map(rank)
        sizes = ranks.value_counts().sort_index().cumsum()
        last = max(int((sizes <= len(test) // VISIBLE_ONE_IN).sum()), 1)
        if last < len(sizes):
            return ranks < last
    raise DataError(f"{parts.source.file} has {len(test)} rows; a code competition needs a visible and a hidden one")


def _write(competition: Competition, data: Path, folder: Path, parts: _Parts, test: DataFrame) -> None:
    """Write what is served: these test rows, a sample submission for them, and everything else as it is."""
    files, replaced = competition.files, [data / ANSWERS]
    folder.mkdir(parents=True)
    whole = parts.hidden is None and len(test) == len(parts.test)
    if not whole:
        replaced += rows.paths(data, files.test)
        rows.write(test, folder, parts.source)
    if parts.train is not None and parts.hidden is not None:
        source = rows.present(data, files.train)
        replaced += rows.paths(data, source)
        if isinstance(source, Folder):
            rows.write_without(parts.train[rows.FILE][parts.hidden], data, folder, source)
        else:
            rows.write(parts.train[~parts.hidden], folder, source)
    samples = rows.paths(data, files.sample_submission)
    if competition.submission.rows == "test" or not (whole and samples == [data / sample_name(competition)]):
        replaced += samples
        sample = _sample(competition, data if samples else None, rows.ids(test, parts.source))
        sample.to_csv(folder / sample_name(competition), sep=files.sample_submission.separator, index=False)
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        if not any(each in (path, *path.parents) for each in replaced):
            rows.link(path, folder / path.relative_to(data))


def _sample(competition: Competition, data: Path | None, ids: Series[str]) -> DataFrame:
    """Return a sample submission for these rows, with the values of the first row of the one in `data`."""
    format = competition.submission
    values: dict[str, Any] = {name: _any_value(format.of(name)) for name in format.targets}
    if format.classes:
        values = dict.fromkeys(format.targets, (format.rows_sum_to or 1) / len(format.targets))
    if data is not None:
        values = dict(rows.read(data, replace(competition.files.sample_submission, quoting="minimal")).iloc[0])
    made = with_parts(ids.to_frame(format.id).assign(**{name: values[name] for name in format.targets}), format)
    return made[list(format.columns)] if format.parts else made


def _any_value(cell: Cell) -> str | float:
    return cell.low or 0 if cell.kind == "number" else (*cell.labels, cell.empty)[0]


def _fingerprint(data: Path) -> str:
    files = sorted(path for path in data.rglob("*") if path.is_file())
    stats = [(path.relative_to(data).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return json.dumps([str(data.resolve()), stats])
