"""Which column of a submission is the id, and where the test rows have it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice, product
from typing import TYPE_CHECKING

from common.discovery.columns import is_date, plain
from common.discovery.files import Container, ending
from common.discovery.findings import Ask, Hints, Notes, Question
from common.discovery.heads import Head
from common.discovery.roles import Roles
from common.errors import DataError
from common.wording import listed, plural

if TYPE_CHECKING:
    from pandas import Series

ID_NAME = re.compile(
    r"^Id$|_I[dD]$|(^|_)(id|key|uid|uuid|file|filename|fname|image|image_name|clip|name)$|[a-z]I[dD]$|^ID|UID$"
)
_LOOKED_AT = 2_000  # ids
_EXAMPLES = 20  # rows of a sample submission that need not be all, at most
_FILES = 0.95  # of the values of a column are names of files
_MOST_TRIED = 200  # orders of columns that may make an id


def find(
    sample: Head, roles: Roles, containers: Sequence[Container], hints: Hints, ask: Ask, notes: Notes
) -> tuple[str, tuple[str, ...]]:
    """Return the column of the sample submission that is the id, and the columns of the rows that make it, if any.

    Where the sample submission has no such column, but those that make it, the id is called like all of them.

    Raises:
        DataError: if no column tells the rows apart, or the test rows have none of them.
        Question: if several may be it.
    """
    if hints.id is not None:
        if hints.id not in sample:
            raise DataError(f"{sample.file} has no column {hints.id!r}; it has: {listed(sample.columns, 8)}")
        notes.add("id", hints.id, "sure", "as you say")
        return hints.id, ()
    unique = [name for name in sample.columns if sample[name].is_unique and (sample[name] != "").all()]
    known = [name for name in unique if _is_known(sample, name, roles, containers)]
    if len(known) > 1:
        named = [name for name in known if ID_NAME.search(name)]
        if len(named) != 1:
            answer = ask(Question(f"{sample.file}: which column is the id?", "--id", known))
            notes.add("id", answer, "sure", "as you say")
            return answer, ()
        notes.add("id", named[0], "likely", f"{listed(known)} are unique and known from the test; its name", "--id")
        return named[0], ()
    if known and (roles.test is None or known[0] in roles.test or not _called(sample, known[0], roles.test)):
        where = roles.test.file if roles.test is not None and known[0] in roles.test else "names of files"
        notes.add("id", known[0], "sure", f"unique, and all of it is in {where}", "--id")
        return known[0], ()
    if keys := of_files(sample, roles, containers):
        notes.add("id", " and ".join(keys), "sure", "the first names files, and together they tell the rows apart")
        return "_".join(keys), keys
    if keys := together(sample, roles):
        notes.add("id", " and ".join(keys), "likely", "together they tell the rows apart, and are known")
        return "_".join(keys), keys
    name = next((each for each in unique if ID_NAME.search(each)), unique[0] if unique else "")
    if not name:
        there = roles.test.file if roles.test is not None else "the training rows"
        raise DataError(
            f"no column of {sample.file} is unique, nor are several together that stand in {there} too; "
            f"it has: {listed(sample.columns, 8)}"
        )
    if roles.test is not None and (called := _called(sample, name, roles.test)):
        notes.add("id", name, "sure", f"called {called} in {roles.test.file}", "--id")
        return name, (called,)
    if roles.test is not None and (parts := _parts(sample, name, roles.test)):
        notes.add("id", name, "sure", f"{'_'.join(parts)} of {roles.test.file}", "--id")
        return name, parts
    if roles.test is None and roles.train is not None and (parts := _taken_apart(sample, name, roles.train)):
        notes.add("id", name, "likely", f"{'_'.join(parts)} of {roles.train.file}", "--id")
        return name, parts
    if roles.test is not None and counted_from(sample, name, roles) is None:
        others = [name] if name in roles.test else roles.test.columns
        found = len({*sample[name]} & {each for column in others for each in roles.test[column]})
        told = name in roles.test and are_examples(sample, name, roles.test)
        if sample.whole and roles.test.whole and not told:
            raise DataError(
                f"{found:,} of {len(sample.frame):,} values of {name!r} in {sample.file} are in {roles.test.file}, which has: "
                f"{listed(roles.test.columns, 8)}; rows of the submission and of the test cannot be matched"
            )
    notes.add("id", name, "likely", "unique, and named like one", "--id")
    return name, ()


def are_examples(sample: Head, name: str, test: Head | None) -> bool:
    """Whether a sample submission lists only some of the test rows, to show how: too few to be scored."""
    return test is not None and are_few(sample, test[name].nunique() if name in test else test.rows)


def are_few(sample: Head, rows: int) -> bool:
    """Whether a sample submission lists too few of so many rows for them to be scored."""
    return sample.whole and len(sample.frame) <= _EXAMPLES and rows > 2 * len(sample.frame)


def note_examples(sample: Head, test: str, notes: Notes) -> None:
    """Note that all rows of the test are submitted."""
    shown = f"{sample.file} lists only {plural(len(sample.frame), 'row')}: examples"
    notes.add("submitted rows", f"all of {test}", "likely", shown, "competition.py")


def together(sample: Head, roles: Roles) -> tuple[str, ...]:
    """Return the first columns of the sample submission that tell its rows apart together, and stand in the rows too."""
    rows = roles.test if roles.test is not None else roles.train
    if rows is None:
        return ()
    keys: list[str] = []
    for name in sample.columns[:-1]:
        if name not in rows or len({*sample[name]} - {*rows[name]}) > 0.5 * sample[name].nunique():
            return ()
        keys.append(name)
        if len(keys) > 1 and not sample.frame.duplicated(keys).any():
            return tuple(keys)
    return ()


def of_files(sample: Head, roles: Roles, containers: Sequence[Container]) -> tuple[str, ...]:
    """Return the two columns of the sample submission of which one names files, and the other tells the rows of each apart.

    The training rows have both, and as many rows of every file.
    """
    train = roles.train
    shared = [name for name in sample.columns if train is not None and name in train]
    if train is None or len(shared) < 2 or any(sample[name].is_unique for name in shared):
        return ()
    file = next((name for name in shared if any(each.share(sample[name]) > _FILES for each in containers)), None)
    for kind in shared:
        kinds = {*train[kind]}
        if file is None or kind == file or not {*sample[kind]} <= kinds or sample.frame.duplicated([file, kind]).any():
            continue
        if not train.frame.duplicated([file, kind]).any() and len({*train[file].value_counts()}) == 1 < len(kinds):
            return file, kind
    return ()


def counted_from(sample: Head, name: str, roles: Roles) -> int | None:
    """Return the number of the first row, if the ids are nothing but the numbers of the test's rows."""
    if roles.test is None or name in roles.test or name not in sample:
        return None
    if roles.test.rows != sample.rows and not are_examples(sample, name, roles.test):
        return None
    start = sample[name].iloc[0]
    first = int(start) if start.isdecimal() else 0
    numbers = [str(number) for number in range(first, first + len(sample.frame))]
    return first if list(sample[name]) == numbers else None


def _is_known(sample: Head, name: str, roles: Roles, containers: Sequence[Container]) -> bool:
    """Whether all values of a column stand in the test rows, or are names of files."""
    values = {*sample[name]}
    if roles.test is not None and name in roles.test:
        there = {*roles.test[name]}
        share = len(values & there) / len(values)
        return share == 1 or (not (sample.whole and roles.test.whole) and share > 0)
    if len(values) < 2 and values & {"0", "1", ""}:
        return False
    return any(container.share(values) > _FILES for container in containers)


def _called(sample: Head, name: str, test: Head) -> str | None:
    """Return the column of the test rows that holds the ids under another name."""
    ids = {*sample[name]}
    if name in test or not sample.whole or not test.whole:
        return None
    unique = (each for each in test.columns if test[each].iloc[0] in ids and test[each].is_unique)
    few = are_examples(sample, name, test)
    return next((each for each in unique if ids == {*test[each]} or (few and ids <= {*test[each]})), None)


def _taken_apart(sample: Head, name: str, train: Head) -> tuple[str, ...]:
    """Return the columns of the training rows whose values the ids are made of, with "_" between, or none."""
    alike = tuple(each for each in train.columns if plain(each) == plain(name) and each != name)
    if alike and name not in train:  # ParcelId for parcelid
        return alike[:1]
    ids = list(sample[name].head(_LOOKED_AT))
    for count in (2, 3, 4):
        words = [each.rsplit("_", count - 1) for each in ids]
        if any(len(each) != count for each in words):
            return ()
        places = [
            [column for column in train.columns if _alike({*place}, train[column])]
            for place in zip(*words, strict=True)
        ]
        for columns in islice(product(*places), _MOST_TRIED):
            if len({*columns}) == count:
                return columns
    return ()


def _alike(words: set[str], values: Series[str]) -> bool:
    """Whether a column holds most of some words, or they are dates as its values are."""
    import pandas as pd

    return len(words & {*values}) > 0.5 * len(words) or (is_date(values) and is_date(pd.Series(sorted(words))))


def keeps_suffix(sample: Head, name: str, containers: Sequence[Container]) -> bool:
    """Return whether ids are names of files with their endings."""
    endings = {ending(value) for value in sample[name].head(100)}
    return len(endings) == 1 and any(endings <= set(each.suffixes) for each in containers)


def _parts(sample: Head, name: str, test: Head) -> tuple[str, ...]:
    """Return the columns of the test rows that make the ids, with "_" between, or none."""
    import pandas as pd

    ids = list(sample[name].head(200))
    if not all("_" in each for each in ids):
        return ()
    wanted, everything = set(ids), {*sample[name]}
    fields = [each.split("_") for each in ids]
    if 2 < (count := len(fields[0])) < 6 and all(len(each) == count for each in fields):
        held = {column: {*test[column]} for column in test.columns}
        places = [[column for column in held if {*field} <= held[column]] for field in zip(*fields, strict=True)]
        for columns in islice(product(*places), _MOST_TRIED):
            made = pd.Series(["_".join(row) for row in test.frame[list(columns)].to_numpy()])
            if len({*columns}) == count and everything <= {*made}:
                return columns
    firsts = {each[: match.start()] for each in ids for match in re.finditer("_", each)}
    lasts = {each[match.end() :] for each in ids for match in re.finditer("_", each)}
    values = {column: {*test[column].head(2000)} for column in test.columns}
    starts = [column for column in test.columns if values[column] & firsts]
    ends = [column for column in test.columns if values[column] & lasts]
    for first in starts:
        for last in ends:
            if first != last:
                made = test[first] + "_" + test[last]
                if wanted <= {*made} and (not sample.whole or not test.whole or everything <= {*made}):
                    return first, last
    return ()
