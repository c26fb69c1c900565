"""What was found, as the parts of a description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from common import metrics
from common.competition import Column, Folder, Join, Source, Table
from common.competition.description import described_columns
from common.discovery import cells, shapes
from common.discovery.features import Features
from common.discovery.files import Container
from common.discovery.findings import Ask, Hints, Question
from common.discovery.heads import Head
from common.discovery.joining import Joined, described
from common.discovery.media import Attached
from common.discovery.rows import Sides
from common.discovery.target import Submitted
from common.errors import DataError
from common.masks import OBJECTS
from common.wording import listed


def sources(
    sides: Sides,
    submitted: Submitted,
    answers: shapes.Answers,
    decided: cells.Decided,
    used: Features,
    joined: Joined,
    *,
    with_files: bool,
) -> tuple[Source, Source]:
    """Return the sources of training and test rows."""
    goal = cells.target_columns(answers, decided, submitted, sides.train)
    names = {*sides.train.columns, *sides.test.columns, *submitted.targets}
    path = Column(name=next(each for each in ("picture", "picture_file", "_picture") if each not in names), kind="file")
    train_files, test_files = (sides.train_files, sides.test_files) if with_files else (None, None)
    test: Source
    to_train, to_test = (
        described(joined, base, joins, used.columns)
        for base, joins in ((sides.train, joined.to_train), (sides.test, joined.to_test))
    )
    ours, theirs = (tuple(each for each in used.columns if each.name in base) for base in (sides.train, sides.test))
    if sides.test_is_table or submitted.parts:
        id = _id_column(sides.test, submitted)
        shown = tuple(each for each in (id,) if each is not None)
        test = _table(sides.test, (*shown, *theirs), test_files, path, to_test)
    elif (
        test_files is not None
        and (sides.of_files or len(test_files.container.files) <= sides.test.rows)
        and not sides.test[submitted.id].iloc[0].startswith(f"{test_files.container.name}/")  # no name of a file is so
    ):
        test = _folder(test_files.container, submitted.id, path, keep_suffix=submitted.keep_suffix)
    else:
        test = _table(sides.test, (Column(name=submitted.id, kind="id"),), test_files, path, to_test)
    if sides.apart is not None and with_files:
        whole = Column(name=submitted.id, kind="id", parts=(sides.apart.file, sides.apart.kind))
        columns = (whole, Column(name=sides.apart.kind, kind="category"))
        test = _table(sides.test, columns, test_files, path, ())
        return _table(sides.train, (*columns, *goal), train_files, path, ()), test
    if sides.labelled is not None:
        files = () if to_train else (path,)
        train = replace(
            _folder(sides.labelled.container, submitted.id, path, keep_suffix=submitted.keep_suffix),
            columns=(Column(name=submitted.id, kind="id"), *files, *goal), label=goal[0].name, labels=sides.labelled.rules,
            joined=to_train,
        )  # fmt: skip
        return train, test
    if train_files is not None and sides.paired is not None:
        pair, (target,) = sides.paired, submitted.truth
        masks = _folder(pair.masks, submitted.id, Column(name=target, kind="file"), after_id=pair.after)
        return replace(_folder(pair.pictures, submitted.id, path, keep_suffix=submitted.keep_suffix), files=masks), test
    if train_files is not None and sides.gathered:
        key = train_files.column
        of_objects = Table(
            file=sides.train.file, columns=(Column(name=key, kind="category"), *goal), separator=sides.train.separator
        )
        pictures = _folder(train_files.container, key, path, keep_suffix=submitted.keep_suffix)
        return replace(pictures, joined=(Join(table=of_objects, on=(key,), gathered=OBJECTS),)), test
    own = _train_id(sides, submitted, train_files)
    shown = tuple(each for each in (own,) if each is not None)
    if (answers_of := sides.train.answers) is not None:  # row by row in a table of their own
        to_train, goal = (Join(table=_table(answers_of, goal, None, path, ()), on=()), *to_train), ()
    return _table(sides.train, (*shown, *ours, *goal), train_files, path, to_train), test


def described_in_both(both: tuple[Source, Source], columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the names of the columns that both sources describe."""
    ours, theirs = ({column.name for column in described_columns(side)} for side in both)
    return tuple(column.name for column in columns if column.name in ours & theirs)


def _id_column(test: Head, submitted: Submitted) -> Column | None:
    if submitted.parts:
        return Column(name=submitted.id, kind="id", parts=submitted.parts)
    if submitted.id in test:
        return Column(name=submitted.id, kind="id")
    return Column(name=submitted.id, kind="id", counted_from=submitted.counted_from or 0)


def _train_id(sides: Sides, submitted: Submitted, attached: Attached | None) -> Column | None:
    """Return the id of the training rows: what names their files, or what the submission's is called."""
    train = sides.train
    if attached is not None and attached.column not in submitted.truth:
        return Column(name=attached.column, kind="id", parts=attached.parts)
    if submitted.parts and {*submitted.parts} <= {*train.columns}:
        made = train.frame[list(submitted.parts)]
        return None if made.duplicated().any() else Column(name=submitted.id, kind="id", parts=submitted.parts)
    unique = submitted.id in train and train[submitted.id].is_unique and (train[submitted.id] != "").all()
    return Column(name=submitted.id, kind="id") if unique else None


def _table(
    head: Head, described: tuple[Column, ...], attached: Attached | None, path: Column, joined: tuple[Join, ...]
) -> Table:
    folder = None
    if attached is not None:
        folder = _folder(attached.container, attached.column, path, after_id=attached.after_id)
    return Table(
        file=head.file, columns=described, separator=head.separator, quoting=head.quoting, files=folder, joined=joined,
        encoding=head.encoding, filled=head.filled, blank=head.blank, once=head.once, header=head.header, names=head.names,
        continued=head.continued, melted=head.melted,
    )  # fmt: skip


def _folder(container: Container, id: str, path: Column, *, keep_suffix: bool = False, after_id: str = "") -> Folder:
    return Folder(
        folders=(container.name,), suffixes=container.suffixes, columns=(Column(name=id, kind="id"), path),
        keep_suffix=keep_suffix, after_id=after_id, only=container.only, called=container.called,
    )  # fmt: skip


def sample_submission(sample: Head | None, submitted: Submitted, decided: cells.Decided) -> Table:
    """Return the description of the sample submission, which need not be there if none is."""
    kind: Any = "number" if decided.cell.kind == "number" else "text"
    shown = [*submitted.targets, *submitted.echoed]
    if submitted.apart:
        shown += submitted.parts
    described = (
        Column(name=submitted.id, kind="id", parts=submitted.parts if submitted.apart else ()),
        *(Column(name=each, kind=kind, may_be_empty=True) for each in shown),
    )
    if sample is None:
        return Table(file="sample_submission.csv", columns=described, optional=True)
    return Table(file=sample.file, columns=described, separator=sample.separator)


def metric_columns(name: str, train: Head, hints: Hints, ask: Ask) -> dict[str, str]:
    """Return the training column for each that the metric takes.

    Raises:
        DataError: for a column that is not there.
    """
    made = {}
    for key in metrics.get(name).columns:
        column = hints.columns.get(key) or (key if key in train else None)
        if column is None:
            question = f"which column of {train.file} is the {key} that {name} takes?"
            column = ask(Question(question, f"--metric-column {key}=COL", train.columns))
        if column not in train:
            raise DataError(f"{train.file} has no column {column!r}; it has: {listed(train.columns, 8)}")
        made[key] = column
    return made


def title(slug: str) -> str:
    """Return a title made of a slug's words."""
    words = [word if word.isupper() else word.capitalize() for word in slug.replace("_", "-").split("-") if word]
    return " ".join(words)


def summary(submitted: Submitted, decided: cells.Decided) -> str:
    """Return what is predicted in a sentence."""
    what = {
        "number": "numbers",
        "class": "classes",
        "labels": "labels",
        "span": "pieces of text",
        "masks": "masks",
    }.get(decided.predicts, "nothing")
    return f"Predict {what}: {listed(submitted.truth or submitted.targets)}."
