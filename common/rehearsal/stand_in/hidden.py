"""Makes of a data folder what Kaggle has: the files that are served, the hidden test, and its answers.

Labels come from `answers.csv` in the data folder, which has the columns of a submission. Where there is none, fold 0
of the competition's own split is cut from the training set and takes the place of the test set; files get numbers
for names, because theirs may give the label away. Of a code competition a quarter of the test rows is visible and the
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

from common.competition import Competition, Folder, Source, SubmissionFormat, Table
from common.errors import DataError
from common.rehearsal.stand_in import rows

if TYPE_CHECKING:
    from numpy import bool_
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

ANSWERS, FINGERPRINT = "answers.csv", "prepared.json"
SERVED, RERUN = "served", "rerun"
VISIBLE_SHARE = 4  # one row in so many is visible in a code competition


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """Rows of the test set and what belongs to them.

    `source` is what the test set is written as; `answers` has the columns of a submission. `hidden` holds the rows
    that were cut from the training set, None where none had to be.
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
    from common.files import atomic_folder

    fingerprint = _fingerprint(data)
    done = folder / FINGERPRINT
    if done.is_file() and done.read_text(encoding="utf-8") == fingerprint:
        return
    form = competition.submission
    parts = _given(competition, data) if (data / ANSWERS).is_file() else _cut(competition, data)
    with atomic_folder(folder) as made:
        views = {SERVED: parts.test}
        if competition.submitted_as == "kernel":
            visible = _visible(competition, parts)
            views = {SERVED: parts.test[visible], RERUN: parts.test[~visible]}
        for view, test in views.items():
            _write(competition, data, made / view, parts, test)
        graded = rows.ids(test, parts.source)  # of the last view
        parts.answers.set_index(form.id).loc[graded.tolist()].to_csv(made / ANSWERS)
        shutil.copyfile(made / view / sample_name(competition), made / sample_name(competition))
        (made / FINGERPRINT).write_text(fingerprint, encoding="utf-8")


def sample_name(competition: Competition) -> str:
    """Return the name of the sample submission, which a stand-in always has."""
    return competition.files.sample_submission.file


def hash_rank(ids: Series[str], seed: str) -> Series[int]:
    """Return each id's place in an order that depends on nothing but the ids and the seed, shape (n,)."""
    return (
        ids.map(lambda value: sha256(f"{seed}\0{value}".encode()).hexdigest()).rank(method="first").astype("int64") - 1
    )


def _given(competition: Competition, data: Path) -> _Parts:
    """Take the test set as it is, with the labels of `answers.csv`."""
    form = competition.submission
    source = rows.present(data, competition.files.test)
    test, answers = rows.read(data, source), rows.read(data, Table(file=ANSWERS, columns=(), separator=form.separator))
    if lacking := [name for name in (form.id, *form.targets) if name not in answers.columns]:
        raise DataError(f"{data / ANSWERS} lacks the column {lacking[0]!r}; it needs those of a submission")
    if missing := set(rows.ids(test, source)) - set(answers[form.id]):
        raise DataError(f"{data / ANSWERS} lacks the {form.id} of {len(missing)} test rows, e.g. {min(missing)!r}")
    return _Parts(test=test, source=source, answers=answers[[form.id, *form.targets]])


def _cut(competition: Competition, data: Path) -> _Parts:
    """Cut fold 0 of the competition's split from the training set."""
    files = competition.files
    source, test_source = rows.present(data, files.train), files.test
    if isinstance(source, Folder) and isinstance(test_source, Table):
        test_source = test_source.instead or test_source
    if isinstance(source, Folder) != isinstance(test_source, Folder):
        raise DataError(
            f"{data} has no {ANSWERS}, and of {source.file} no {test_source.file} can be cut; add the labels"
        )
    train = rows.read(data, source)
    hidden = _hidden(competition, data, source, rows.ids(train, source))
    pool = train[hidden]
    if isinstance(source, Folder):
        pool = pool.iloc[hash_rank(pool[rows.ID], competition.slug).to_numpy().argsort()]
        labels, test = pool[source.label or competition.target], pool[[rows.ID, rows.FILE]]
        test = test.assign(**{rows.ID: [str(number) for number in range(1, len(test) + 1)]})
    else:
        labels, test = pool[competition.target], pool[[column.name for column in test_source.columns]]
    answers = _answers(competition.submission, rows.ids(test, test_source), labels)
    return _Parts(test=test, source=test_source, answers=answers, train=train, hidden=hidden)


def _hidden(competition: Competition, data: Path, source: Source, ids: Series[str]) -> NDArray[bool_]:
    """Return which training rows are cut off (n,); those that the model code leaves out stay."""
    import pandas as pd

    from common.data.frames import read_rows
    from common.splits.folds import make_folds

    split = competition.split
    frame = read_rows(data, source)
    if not {split.group, split.stratify, split.order, split.column} <= {*frame.columns, None}:
        frame = _enriched(competition, data)
    folds = pd.Series(make_folds(frame, split), index=frame[source.id].to_numpy())
    hidden: NDArray[bool_] = folds.reindex(ids.to_numpy(), fill_value=-1).to_numpy() == 0
    return hidden


def _enriched(competition: Competition, data: Path) -> DataFrame:
    """Return the training rows with the columns that the competition's model code finds out for its split."""
    from common import environment, registry
    from common.data.frames import read
    from common.model import Context
    from common.progress import Progress

    context = Context.of(competition.name, environment.detect(), progress=Progress(live=False))
    models = registry.models(competition.name)
    return models.enrich(read(competition, data), competition.profile("baseline"), context).training


def _answers(form: SubmissionFormat, ids: Series[str], labels: Series[str]) -> DataFrame:
    """Return labels as a submission that is right: for classes one column each, with a one in the right one."""
    answers = ids.to_frame(form.id)
    if form.classes is None:
        return answers.assign(**{form.targets[0]: labels.to_numpy()})
    if strange := set(labels) - set(form.classes):
        raise DataError(f"the label {min(strange)!r} is none of the classes {', '.join(form.classes[:5])}, …")
    return answers.assign(**{name: (labels == name).astype(int).to_numpy() for name in form.classes})


def _visible(competition: Competition, parts: _Parts) -> Series[bool]:
    """Return which test rows are visible, shape (n,): whole groups, about a quarter of the rows, never all."""
    test = parts.test
    groups = [test[competition.split.group]] if competition.split.group in test.columns else []
    for values in (*groups, rows.ids(test, parts.source)):
        rank = hash_rank(values.drop_duplicates().set_axis(values.unique()), competition.slug)
        places = values.map(rank)
        sizes = places.value_counts().sort_index().cumsum()
        last = max(int((sizes <= len(test) // VISIBLE_SHARE).sum()), 1)
        if last < len(sizes):
            return places < last
    raise DataError(f"{parts.source.file} has {len(test)} rows; a code competition needs a visible and a hidden one")


def _write(competition: Competition, data: Path, folder: Path, parts: _Parts, test: DataFrame) -> None:
    """Write what is served: these test rows, a sample submission for them, and everything else as it is."""
    files, made = competition.files, [data / ANSWERS]
    folder.mkdir(parents=True)
    whole = parts.hidden is None and len(test) == len(parts.test)
    if not whole:
        made += rows.places(data, files.test)
        rows.write(test, folder, parts.source)
    if parts.train is not None and parts.hidden is not None:
        source = rows.present(data, files.train)
        made += rows.places(data, source)
        if isinstance(source, Folder):
            rows.write_without(parts.train[rows.FILE][parts.hidden], data, folder, source)
        else:
            rows.write(parts.train[~parts.hidden], folder, source)
    given = rows.places(data, files.sample_submission)
    if not (whole and given == [data / sample_name(competition)]):
        made += given
        sample = _sample(competition, data if given else None, rows.ids(test, parts.source))
        sample.to_csv(folder / sample_name(competition), sep=files.sample_submission.separator, index=False)
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        if not any(one in (path, *path.parents) for one in made):
            rows.link(path, folder / path.relative_to(data))


def _sample(competition: Competition, data: Path | None, ids: Series[str]) -> DataFrame:
    """Return a sample submission for these rows, with the values of the given one's first row."""
    form = competition.submission
    values: dict[str, Any] = dict.fromkeys(form.targets, form.labels[0] if form.labels else form.low or 0)
    if form.classes:
        values = dict.fromkeys(form.targets, (form.rows_sum_to or 1) / len(form.targets))
    if data is not None:
        values = dict(rows.read(data, replace(competition.files.sample_submission, quoting="minimal")).iloc[0])
    return ids.to_frame(form.id).assign(**{name: values[name] for name in form.targets})


def _fingerprint(data: Path) -> str:
    files = sorted(path for path in data.rglob("*") if path.is_file())
    stats = [(path.relative_to(data).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return json.dumps([str(data.resolve()), stats])
