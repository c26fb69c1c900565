"""Tables whose rows belong together by their places: answers in a file of their own, columns that no header names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from common.data.tables import UNNAMED
from common.discovery.columns import filled, kind_of
from common.discovery.findings import Notes
from common.discovery.heads import Head
from common.discovery.roles import TRAIN, Roles
from common.wording import listed, plural

_ANSWERS = re.compile(r"label|target|solution|answer|(^|[^a-z])y([^a-z]|$)")
_ABOUT = 2  # times as many rows may an estimate be


def pair(roles: Roles, notes: Notes) -> Roles:
    """Return the roles with training rows that have their answers, where those stand in a table or a column without a name."""
    test = roles.test
    if roles.train is None or test is None or roles.sample is None:
        return roles
    rest = [roles.train, *roles.others]
    rows = next((each for each in rest if {*each.columns} == {*test.columns} and TRAIN.search(each.stem)), None)
    if rows is not None:
        tables = [_with_header(each, rows) for each in rest if each is not rows]
        answers = [each for each in tables if _answers(rows, each, test)]
        if len(answers) == 1:
            return _with_answers(roles, rows, answers[0], notes)
    if not roles.train.header and not test.header:
        return _with_column(roles, roles.train, test, notes)
    return roles


def _answers(rows: Head, table: Head, test: Head) -> bool:
    """Whether a table holds nothing but something for each of the rows, and is called so."""
    many = table.rows == rows.rows if table.exact and rows.exact else (
        max(table.rows, rows.rows) < _ABOUT * min(table.rows, rows.rows)
    )  # fmt: skip
    named = bool(_ANSWERS.search(table.stem)) or (len(table.columns) == 1 and bool(TRAIN.search(table.stem)))
    own = all(map(_is_number, table.columns)) or not {*table.columns} & {*rows.columns, *test.columns}
    return many and named and own and len(table.columns) < max(len(rows.columns), 2)


def _with_header(table: Head, rows: Head) -> Head:
    """Return a table with its first line as the names of its columns, as pandas calls them, where it has one row too many."""
    if table.header or not table.exact or table.rows != rows.rows + 1:
        return table
    names, frame = table.frame.iloc[0].tolist(), table.frame.iloc[1:]
    return replace(table, frame=frame.set_axis(names, axis=1).reset_index(drop=True), rows=rows.rows, header=True)


def _is_number(name: str) -> bool:
    return name.removeprefix(UNNAMED).isdecimal()


def _with_answers(roles: Roles, rows: Head, answers: Head, notes: Notes) -> Roles:
    import pandas as pd

    sample = roles.sample
    wanted = sample.columns[1:] if sample is not None else []
    if all(map(_is_number, answers.columns)):
        given = wanted if len(wanted) == len(answers.columns) else ["label"] if len(answers.columns) == 1 else []
        given = given or [f"answer_{name}" for name in answers.columns]
        names = [name if name not in rows else f"{name}_answer" for name in given]
        answers = replace(answers, frame=answers.frame.set_axis(names, axis=1), names=tuple(names))
    if rows is not roles.train:  # which were taken for them by their name
        notes.findings[:] = [each for each in notes.findings if each.what != "training rows"]
        notes.add(
            "training rows", rows.file, "sure", f"its columns are those of {roles.test.file if roles.test else 'test'}"
        )
    size = min(len(rows.frame), len(answers.frame))
    frame: Any = pd.concat([rows.frame.head(size), answers.frame.head(size)], axis=1)
    train = replace(rows, frame=frame, answers=answers, whole=rows.whole and answers.whole)
    what = f"{answers.file}, row by row"
    notes.add(
        "answers", what, "likely", f"as many rows as {rows.file}, and named like it: {listed(answers.columns, 4)}"
    )
    others = (each for each in (roles.train, *roles.others) if each is not None)
    used = (rows.file, answers.file)
    return replace(roles, train=train, others=tuple(each for each in others if each.file not in used))


def _with_column(roles: Roles, train: Head, test: Head, notes: Notes) -> Roles:
    """Return training rows whose answers stand in a column that the test rows lack: the first or the last."""
    sample = roles.sample
    if sample is None or len(train.columns) != len(test.columns) + 1 or len(sample.columns) != 2:
        return roles
    target = sample.columns[1]
    shown = {*filled(sample[target]).head(100)}
    fits = []
    for place in (len(test.columns), 0):
        names = [*test.columns[:place], target, *test.columns[place:]]
        frame = train.frame.set_axis(names, axis=1)
        alike = sum(kind_of(frame[name]) == kind_of(test[name]) for name in test.columns)
        fits.append((alike, len(shown & {*frame[target]}), -frame[target].nunique(), -place, names, frame))
    *_, names, frame = max(fits, key=lambda each: each[:4])
    train = replace(train, frame=frame, names=tuple(names))
    where = "first" if names[0] == target else "last"
    why = f"{test.file} has {plural(len(test.columns), 'column')}, one less"
    notes.add("target", f"the {where} column of {train.file}", "likely", why)
    return replace(roles, train=train)
