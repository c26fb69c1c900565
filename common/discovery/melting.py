"""Training rows with a column for each of several answers, where every row to be predicted names one of these columns."""

from __future__ import annotations

from dataclasses import replace

from common.competition import Melt
from common.data.melting import melted
from common.discovery.columns import is_number
from common.discovery.findings import Notes
from common.discovery.heads import Head
from common.discovery.roles import Roles
from common.wording import listed, plural


def as_rows(roles: Roles, notes: Notes) -> Roles:
    """Return the roles with a training row for each answer, where a table of the submission's rows names the columns."""
    sample, train = roles.sample, roles.train
    if sample is None or train is None or len(sample.columns) != 2 or sample.columns[1] in train:
        return roles
    id, value = sample.columns
    for table in (roles.test, *roles.others):
        kind = _kind(table, train, id) if table is not None else None
        if table is None or kind is None:
            continue
        named = {*table[kind]}
        keep = tuple(name for name in train.columns if name in table and name not in (kind, id, value))
        how = Melt(columns=tuple(name for name in train.columns if name in named), kind=kind, value=value, keep=keep)
        frame, _ = melted(train.frame, how)
        why = (
            f"{table.file} asks for {listed(map(repr, how.columns), 3)} of {train.file} by name, in its column {kind!r}"
        )
        notes.add("rows", f"one for each of {plural(len(named), 'column')}", "sure", why, "competition.py")
        left = [name for name in train.columns if name not in (*how.columns, *keep)]
        if left:
            notes.add("not used", listed(left, 4), "sure", f"of {train.file}: only what {table.file} has too is")
        test = replace(table, frame=table.frame[table.without(value)])
        train = replace(train, frame=frame, rows=train.rows * len(how.columns), melted=how)
        others = tuple(each for each in (roles.test, *roles.others) if each is not None and each is not table)
        return replace(roles, train=train, test=test, others=others)
    return roles


def _kind(table: Head, train: Head, id: str) -> str | None:
    """Return the column of a table of the submission's rows that names columns of numbers of the training rows, or None."""
    if id not in table:
        return None
    for name in table.without(id):
        named = {*table[name]}
        known = name not in train and len(named) > 1 and named <= {*train.columns}
        if known and all(is_number(train[each]) for each in named):
            return name
    return None
