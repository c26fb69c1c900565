"""Which table is which: sample submission, training rows, test rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.data.tables import INDEX
from common.data.types import MISSING, as_key
from common.discovery.files import Found
from common.discovery.findings import Notes
from common.discovery.heads import Head, bare
from common.errors import DataError
from common.wording import plural

SAMPLE = re.compile(
    r"sample.*sub|sub.*sample|submission|benchmark|^(sample|example)?_?entry$|^sample$|sub(mit)?_?(example|format)"
    r"|(sample|example).*(submit|solution|pred|answer|result)"
)
TRAIN, TEST = re.compile(r"(^|[^a-z])train"), re.compile(r"(^|[^a-z])(test|eval|private|public|holdout|unlabell?ed)")


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The tables by what they are for; without one, rows come from files or are made from another table."""

    sample: Head | None
    train: Head | None
    test: Head | None
    others: tuple[Head, ...] = ()


def assign(found: Found, notes: Notes) -> Roles:
    """Return which table is which, by names first and by what they hold where names leave it open."""
    tables = list(found.tables)
    sample = sample_of(tables)
    if sample is None or not _by_index(sample):
        tables = [replace(each, frame=each.frame[each.without(INDEX)]) for each in tables]
        sample = sample_of(tables)
    rest = [each for each in tables if each is not sample]
    targets = sample.columns if sample else []
    test: Head | None
    train = max((each for each in rest if _train_score(each, targets) > 0), default=None, key=_by(targets))
    if (train is None or not TRAIN.search(train.stem)) and sample is not None and (parts := _divided(rest, sample)):
        whole, train, test = parts
        rest = [each for each in rest if each is not whole]
    else:
        rest = [each for each in rest if each is not train]
        test = _test(rest, sample, train)
    if train is None and (train := _by_content([each for each in rest if each is not test], targets, test)) is not None:
        rest = [each for each in rest if each is not train]
    others = tuple(each for each in rest if each is not test)
    if test is not None and sample is not None and (name := sample.columns[0]) in test:
        sample, test = (replace(each, frame=each.frame.assign(**{name: as_key(each[name])})) for each in (sample, test))
    if train is not None and test is not None:
        test = test.spelt_as(train, keep=sample.columns if sample is not None else ())
    for what, head, why in (
        ("sample submission", sample, "its name"),
        ("training rows", train, "its name and its columns"),
        ("test rows", test, "its name, without the target"),
    ):
        if head is not None:
            rows = f"{'' if head.whole else 'about '}{plural(head.rows, 'row')}"
            more = f" and {plural(len(head.continued), 'file')} more" if head.continued else ""
            notes.add(what, f"{head.file}{more}", "sure", f"{why}; {rows} of {plural(len(head.columns), 'column')}")
    return Roles(sample=sample, train=train, test=test, others=others)


def sample_of(tables: Sequence[Head]) -> Head | None:
    """Return the table that is called like a sample submission, if one is."""
    named = [each for each in tables if SAMPLE.search(each.stem) and not TRAIN.search(each.stem)]
    if named:
        # The one that is named so most plainly, then the one with the fewest columns and the latest stage.
        return min(named, key=lambda each: (not re.search("sample.*sub", each.stem), each.file.count("/"), each.stem))
    return None


def _by_index(sample: Head) -> bool:
    """Whether a sample submission has no other id than the index that pandas wrote."""
    return INDEX in sample and not any(sample[name].is_unique for name in sample.columns if name != INDEX)


def _by(targets: list[str]):  # type: ignore[no-untyped-def]
    return lambda each: (_train_score(each, targets), each.rows)


def _train_score(head: Head, targets: list[str]) -> float:
    """Return how much speaks for a table's being that of the training rows: its name, and the columns submitted."""
    if TEST.search(head.stem) and not TRAIN.search(head.stem):
        return 0
    shared = [name for name in targets if name in head and head[name].str.strip().any()]
    name = 4.0 if head.stem in ("train", "training") else 2.0 if TRAIN.search(head.stem) else 0.0
    label = 1.0 if re.search("label|target|solution", head.stem) else 0.0
    content = 2.5 * len(shared) / max(len(targets), 1)
    everything = 2.0 if targets and len(shared) == len(targets) and len(targets) > 1 else 0.0
    # What several rows tell of an item stands beside the table that has a row for each.
    content += 1.5 if targets[:1] == shared[:1] and shared and head[shared[0]].is_unique else 0.0
    return name + label + content + everything - head.file.count("/") if name + label + everything > 0 else 0


def _by_content(tables: list[Head], targets: list[str], test: Head | None) -> Head | None:
    """Return the table, whatever its name, that has what is submitted beside most columns of the test rows."""
    shared = set(test.columns) if test else set()

    def alike(head: Head) -> tuple[int, int, int]:
        return len({*targets} & {*head.columns}), len(shared & {*head.columns}), head.rows

    fits = [each for each in tables if alike(each)[0] and 2 * alike(each)[1] >= len(shared)]
    return max(fits, key=alike, default=None)


def _divided(tables: list[Head], sample: Head) -> tuple[Head, Head, Head] | None:
    """Return a table in which the submitted cells are empty, with its training rows and its test rows, or None."""
    id, *targets = sample.columns
    for table in tables:
        if not {*sample.columns} <= {*table.columns}:
            continue
        blank = table[targets[0]].str.strip().str.lower().isin(MISSING)
        ids = {*table[id][blank]}
        if ids and not blank.all() and (ids <= {*sample[id]} or not sample.whole):
            share = float(blank.mean())
            given, asked = (table.frame[rows].reset_index(drop=True) for rows in (~blank, blank))
            train = replace(table, frame=given, rows=round(table.rows * (1 - share)), filled=targets[0])
            test = replace(table, frame=asked, rows=round(table.rows * share), blank=targets[0])
            return table, train, test
    return None


def answers_once(train: Head, id: str, truth: Sequence[str]) -> bool:
    """Whether several rows of an item stand in the table of the training rows, all with the same answer."""
    if id not in train or train[id].is_unique:
        return False
    return bool((train.frame.groupby(id)[list(truth)].nunique() == 1).all(axis=None))


def once(train: Head, id: str, truth: Sequence[str]) -> Head:
    """Return the items of such a table with their answers."""
    return replace(train, frame=train.frame[[id, *truth]].drop_duplicates(id, ignore_index=True), once=True)


def _test(tables: list[Head], sample: Head | None, train: Head | None) -> Head | None:
    named = [each for each in tables if TEST.search(each.stem)]
    if named:
        shared = set(train.columns) if train else set()
        return max(
            named,
            key=lambda each: (each.stem in ("test", "testing"), len(shared & {*each.columns}), -each.file.count("/")),
        )
    if sample is None:
        return None
    id = sample.columns[0]
    wanted, ours = set(sample[id]), set(train[id]) if train is not None and id in train else set()
    # A table that has rows of the training set as well tells more about the rows of both.
    fits = (each for each in tables if id in each and wanted <= {*each[id]} and ours.isdisjoint(each[id]))
    return next(fits, None)


def require_readable(found: Found) -> None:
    """Check that no file was skipped, and no table is empty, whose name says that it is needed.

    Raises:
        DataError: with the reason.
    """
    empty = {head.file: "has a header but no rows" for head in found.tables if head.frame.empty}
    for file, why in (found.skipped | empty).items():
        stem = bare(file.rpartition("/")[2]).lower()
        if any(pattern.search(stem) for pattern in (SAMPLE, TRAIN, TEST)):
            raise DataError(why if file in why else f"{file} {why}")
