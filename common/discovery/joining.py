"""Further tables: which of them tell more about the rows, by which columns, and of how many rows each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from common.competition import Column, Join, Table
from common.data.joining import partners
from common.data.types import as_key, as_text
from common.discovery.columns import is_date
from common.discovery.findings import Notes
from common.discovery.heads import Head
from common.discovery.ids import ID_NAME
from common.discovery.roles import SAMPLE, TEST, TRAIN
from common.discovery.target import Submitted
from common.wording import listed

_SIDE = re.compile(r"(?i)[_-]?(train|test)(ing)?[_-]?")
_SOME, _AS_MANY = 0.05, 0.3  # of the keys of training rows have partners; of those of test rows, as a share of that
_ALIKE = 0.6  # of a table's columns are those of the training rows: it is another version of them


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The rows of both sides with what further tables add, how it is added, and those tables by the names of their files."""

    train: Head
    test: Head
    to_train: tuple[Join, ...] = ()
    to_test: tuple[Join, ...] = ()
    tables: Mapping[str, Head] = field(default_factory=dict)


@dataclass(frozen=True)
class _Key:
    """The columns that tell partners: `on` in the rows, `keys` in the further table, of which `many` rows agree in them."""

    on: tuple[str, ...]
    keys: tuple[str, ...]
    many: bool


def find(train: Head, test: Head, others: Sequence[Head], submitted: Submitted, notes: Notes) -> Joined:
    """Return the rows with the columns of the tables that tell more about them.

    Args:
        train: the training rows.
        test: the test rows.
        others: all further tables.
        submitted: the columns of a submission.
        notes: where the evidence goes.
    """
    joined, left = Joined(train=train, test=test), list(others)
    answers = {*submitted.truth, *submitted.targets}
    known = {*train.columns}
    while True:
        # A table may bring the key of another, so that each round looks at all that are left.
        made = next(
            (each for table in left if (each := _joined(joined, table, left, answers, submitted.id, known))), None
        )
        if made is None:
            break
        joined, used, (key, *_) = made
        left = [table for table in left if not any(table is each for each in used)]
        what = (
            f"summaries of its rows of each {listed(key.keys)}"
            if key.many
            else f"its rows are told apart by {listed(key.keys)}"
        )
        of = "of train and test" if len(used) == 1 else "each side's own"
        notes.add("joined", " and ".join(table.file for table in used), "likely", f"{what}; {of}", "competition.py")
    for table in left:
        notes.add("not used", table.file, "sure", _why_not(table, answers, known))
    return joined


def _why_not(table: Head, answers: set[str], known: set[str]) -> str:
    if SAMPLE.search(table.stem):
        return "another sample submission"
    if answers & {*table.columns}:
        return f"it has {listed(sorted(answers & {*table.columns}))}: rows with answers of their own"
    if _another_version(table, known):
        return "its columns are those of the training rows"
    return "no columns that tell its rows apart are in train and test"


def _another_version(table: Head, known: set[str]) -> bool:
    return len(known & {*table.columns}) > max(1, _ALIKE * len(table.columns))


def _joined(
    joined: Joined, table: Head, tables: Sequence[Head], answers: set[str], id: str, known: set[str]
) -> tuple[Joined, list[Head], list[_Key]] | None:
    """Return the rows with the columns of a table, or of those of each side; None if they tell nothing about them."""
    own = joined.train.once and table.file == joined.train.file
    if SAMPLE.search(table.stem) or (answers & {*table.columns} and not own) or table.frame.empty:
        return None
    on_train, on_test = (bool(pattern.search(table.stem)) for pattern in (TRAIN, TEST))
    if on_test and not on_train:
        return None  # it comes with its partner
    if not on_train:
        if _another_version(table, known) or not (keys := _keys(joined.train, joined.test, table, table, id)):
            return None
        return _with(joined, table, table, keys), [table], keys
    bare = _SIDE.sub("", table.stem)
    partner = next((each for each in tables if _SIDE.sub("", each.stem) == bare and TEST.search(each.stem)), None)
    if partner is not None:
        theirs = partner.spelt_as(table)
        keys = _keys(joined.train, joined.test, table, theirs, id)
        return (_with(joined, table, theirs, keys), [table, partner], keys) if keys else None
    # What the test rows have themselves the training rows may have in a table beside their answers.
    if (
        len({*joined.test.columns} & {*table.columns}) > _ALIKE * len(table.columns)
        and id in table
        and id in joined.train
    ):
        keys = [_Key((id,), (id,), many=False)] if table[id].is_unique else []
        return (_with(joined, table, None, keys), [table], keys) if keys else None
    return None


def _with(joined: Joined, to_train: Head, to_test: Head | None, keys: Sequence[_Key]) -> Joined:
    for key in keys:
        joined = replace(
            joined, train=_wider(joined.train, to_train, key), to_train=(*joined.to_train, _join(to_train, key)),
            tables={**joined.tables, to_train.file: to_train},
        )  # fmt: skip
        if to_test is not None:
            joined = replace(
                joined, test=_wider(joined.test, to_test, key), to_test=(*joined.to_test, _join(to_test, key)),
                tables={**joined.tables, to_test.file: to_test},
            )  # fmt: skip
    return joined


def described(joined: Joined, base: Head, to_base: Sequence[Join], columns: Sequence[Column]) -> tuple[Join, ...]:
    """Return joins whose tables describe the columns that they add under their own names."""
    made, taken = [], {*base.columns}
    for join in to_base:
        if isinstance(join.table, Table):
            new = {*joined.tables[join.table.file].columns} - taken - {*join.keys}
            own = tuple(column for column in columns if column.name in new)
            made.append(replace(join, table=replace(join.table, columns=own)))
            taken |= new
        else:
            made.append(join)
    return tuple(made)


def _join(table: Head, key: _Key) -> Join:
    source = Table(
        file=table.file, columns=(), separator=table.separator, quoting=table.quoting, encoding=table.encoding,
        header=table.header, names=table.names, continued=table.continued,
    )  # fmt: skip
    keys = () if key.keys == key.on else key.keys
    return Join(table=source, on=key.on, keys=keys, rows="all" if key.many else "first")


def _wider(rows: Head, table: Head, key: _Key) -> Head:
    """Return rows with the columns of a table; of several partners with those of the first."""
    import pandas as pd

    more = partners(rows.frame, table.frame, replace(_join(table, key), rows="first"))
    return replace(rows, frame=pd.concat([rows.frame, *(as_text(more[name]) for name in more)], axis=1))


# Keys -----------------------------------------------------------------------------------------------------------------


def _keys(train: Head, test: Head, to_train: Head, to_test: Head, id: str) -> list[_Key]:
    """Return the columns that tell which rows of further tables belong to which rows: one way, or one for each of a kind."""

    def fits(on: Sequence[str], keys: Sequence[str]) -> bool:
        ours, theirs = _share(train, on, to_train, keys), _share(test, on, to_test, keys)
        partial = not (train.whole and test.whole and to_train.whole and to_test.whole)
        return (ours > 0 and theirs > 0 and partial) or (ours >= _SOME and theirs >= _AS_MANY * ours)

    def unique(keys: Sequence[str]) -> bool:
        return not any(table.frame.duplicated(list(keys)).any() for table in (to_train, to_test))

    there = [name for name in to_train.columns if name in to_test]
    shared = [name for name in there if name in train and name in test and fits([name], [name])]
    for name in shared:
        if unique([name]) and len(there) > 1:
            return [_Key((name,), (name,), many=False)]
    if len(shared) > 1 and len(there) > len(shared) and unique(shared) and fits(shared, shared):
        return [_Key(tuple(shared), tuple(shared), many=False)]
    for name in there:  # of the same start, as atom_index_0 and atom_index
        alike = [
            each for each in train.columns if re.fullmatch(rf"{re.escape(name)}[_ ]?\w{{1,2}}", each) and each in test
        ]
        if name not in train and alike and shared and unique([*shared, name]):
            keys = (*shared, name)
            if made := [_Key((*shared, each), keys, many=False) for each in alike if fits((*shared, each), keys)]:
                return made
    if id in shared and len(there) > 1:
        return [_Key((id,), (id,), many=True)]
    telling = [name for name in shared if ID_NAME.search(name) or is_date(to_train[name])]
    if telling and len(there) > len(telling) and fits(telling, telling):
        return [_Key(tuple(telling), tuple(telling), many=True)]
    days = [name for name in there if name not in train and unique([name]) and is_date(to_train[name])]
    for name in days if len(there) > 1 and not shared else []:  # of a calendar
        for each in train.columns:
            if each in test and is_date(train[each]) and fits([each], [name]):
                return [_Key((each,), (name,), many=False)]
    if not shared and id in train and id in test:
        for name in there:
            if ID_NAME.search(name) and fits([id], [name]):
                return [_Key((id,), (name,), many=not unique([name]))]
    return []


def _share(rows: Head, on: Sequence[str], table: Head, keys: Sequence[str]) -> float:
    """Return the share of the rows' distinct keys that a table has."""
    ours, theirs = ({*_together(head, names)} for head, names in ((rows, on), (table, keys)))
    ours.discard("\0" * (len(on) - 1))
    return len(ours & theirs) / max(len(ours), 1)


def _together(head: Head, names: Sequence[str]) -> list[str]:
    columns = [as_key(head[name]).tolist() for name in names]
    return columns[0] if len(columns) == 1 else ["\0".join(row) for row in zip(*columns, strict=True)]
