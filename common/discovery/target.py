"""Which columns of a submission are the id and the targets, and where their truth stands in the training rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from common.data.types import MISSING
from common.decisions.classes import spelled
from common.discovery import ids
from common.discovery.columns import filled, is_number, plain
from common.discovery.files import Container
from common.discovery.findings import Ask, Hints, Notes, Question
from common.discovery.heads import Head
from common.discovery.roles import Roles
from common.discovery.shapes import separator_of_columns
from common.errors import DataError
from common.wording import listed, plural

if TYPE_CHECKING:
    from pandas import Series

_TARGET_NAME = re.compile(r"^(target|label|labels|class|y|outcome|score|price|is_.*|has_.*)$", re.IGNORECASE)
_FEW_VALUES = 100  # of a target that a sample submission shows a value of


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """The columns of a submission.

    `truth` are the columns of the training rows that hold the answers, none where a file's path does; with `classes` the
    targets are the classes of the only one. If no column of the test rows is the id, `parts` are those that make it, or it is
    the row's number, `counted_from` the first; with `apart` the submission has the parts in its place. With `of_test` its
    rows are those of the test, of which the sample submission shows a few.
    """

    id: str
    targets: tuple[str, ...]
    truth: tuple[str, ...]
    classes: bool = False
    echoed: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    apart: bool = False
    counted_from: int | None = None
    keep_suffix: bool = False
    of_test: bool = False


def find(roles: Roles, containers: Sequence[Container], hints: Hints, ask: Ask, notes: Notes) -> Submitted:
    """Return what a submission's columns are.

    Raises:
        DataError: if the files contradict each other.
        Question: if they do not tell.
    """
    if roles.sample is None:
        return _without_sample(roles, hints, ask, notes)
    sample = roles.sample
    if len(sample.columns) < 2:
        raise DataError(f"{sample.file} has one column, {sample.columns[0]!r}; a submission has an id and a target")
    name, parts = ids.find(sample, roles, containers, hints, ask, notes)
    test = roles.test
    apart = name not in sample
    rest = sample.without(name, *(parts if apart else ()))
    train = set(roles.train.columns) if roles.train else set()
    unknown = _unknown(roles)
    echoed = tuple(
        each for each in rest
        if test is not None and each in test and each not in unknown and (hints.target or "") != each and not apart
        and _equal(sample, test, name, each)
    )  # fmt: skip
    if len(echoed) == len(rest):
        raise DataError(f"{sample.file} has no target: all of its columns stand in {test.file if test else 'test'} too")
    targets = tuple(each for each in rest if each not in echoed)
    usual = (*(parts if apart else (name,)), *targets, *echoed)
    header = tuple(sample.columns) if tuple(sample.columns) != usual else ()
    truth, classes = _truth(targets, parts if apart else (), roles, containers, hints, ask, notes)
    of_test = not parts and ids.are_examples(sample, name, test)
    if of_test and test is not None:
        ids.note_examples(sample, test.file, notes)
    keep = not apart and ids.keeps_suffix(sample, name, containers)
    counted = None if parts else ids.counted_from(sample, name, roles)
    missing = [each for each in truth if each not in train]
    if roles.train is not None and missing:
        raise DataError(f"{roles.train.file} has no column {listed(map(repr, missing))}; it has: {listed(train, 8)}")
    return Submitted(
        id=name,
        targets=targets,
        truth=truth,
        classes=classes,
        echoed=echoed,
        header=header,
        parts=parts,
        apart=apart,
        counted_from=counted,
        keep_suffix=keep,
        of_test=of_test,
    )


def _unknown(roles: Roles) -> set[str]:
    """Return the training columns that the test rows lack."""
    if roles.train is None or roles.test is None:
        return set()
    test = roles.test
    return {name for name in roles.train.columns if name not in test or _is_blank(test[name])}


def _is_blank(values: Series[str]) -> bool:
    """Whether no cell has a value."""
    return all(cell.strip().lower() in MISSING for cell in values.tolist())


def _equal(sample: Head, test: Head, id: str, column: str) -> bool:
    """Whether a column of the sample submission repeats one of the test rows, which a constant one does by chance."""
    if sample[column].nunique() < 2:
        return False
    if id not in test or not sample.whole or not test.whole:
        return {*sample[column]} <= {*test[column]}
    there = dict(zip(test[id], test[column], strict=True))
    return all(there.get(key) == cell for key, cell in zip(sample[id], sample[column], strict=True))


# The targets ------------------------------------------------------------------------------------------------------------


def _truth(
    targets: tuple[str, ...], keys: tuple[str, ...], roles: Roles, containers: Sequence[Container], hints: Hints, ask: Ask,
    notes: Notes,
) -> tuple[tuple[str, ...], bool]:  # fmt: skip
    """Return the training columns that hold the answers, none of the `keys`, and whether the targets are the classes of one."""
    train = roles.train
    if train is None:
        notes.add("target", listed(targets, 6), "sure", f"of {roles.sample.file if roles.sample else 'the submission'}")
        return (), len(targets) > 1
    if hints.target is not None:
        wanted = (
            tuple(part.strip() for part in hints.target.split(",")) if hints.target not in train else (hints.target,)
        )
        if missing := [each for each in wanted if each not in train]:
            raise DataError(
                f"{train.file} has no column {listed(map(repr, missing))}; it has: {listed(train.columns, 8)}"
            )
        notes.add("target", listed(wanted, 6), "sure", "as you say")
        return wanted, _are_classes(targets, train, wanted[0]) if len(wanted) == 1 else False
    present = tuple(each for each in targets if each in train)
    if len(present) == len(targets):
        notes.add("target", listed(targets, 6), "sure", f"submitted, and in {train.file}", "--target")
        return targets, False
    absent = _unknown(roles)
    unknown = [name for name in train.columns if name in absent] if roles.test else train.without(*keys)
    if len(targets) > 1:
        for name in [*unknown, *train.columns]:
            classes = {*filled(train[name])}
            if 1 < len(classes) <= len(targets) * 2 and len(covered(targets, classes)) == len(classes):
                why = f"its {plural(len(classes), 'value')} are the columns of the submission"
                notes.add("target", name, "sure", why, "--target")
                return (name,), True
            if separator_of_columns(train[name], targets):
                notes.add("target", name, "sure", "it lists what the columns of the submission are called", "--target")
                return (name,), True
    if present and len(targets) > 1:
        lacking = [each for each in targets if each not in present]
        raise DataError(
            f"{train.file} lacks the targets {listed(map(repr, lacking))} of {roles.sample.file if roles.sample else ''}; "
            "it has no answers for them"
        )
    named, like = {each: plain(each) for each in train.columns}, plain(targets[0])
    alike = [each for each in train.columns if named[each] == like]
    one = like.removesuffix("s")  # of products each row may hold a product_id
    alike = alike or [each for each in unknown if named[each].startswith((like, one)) and len(one) > 3]
    own = roles.sample.columns[0] if roles.sample else ""
    candidates = alike or [name for name in unknown if not ids.ID_NAME.search(name) and name != own]
    if len(targets) == 1 and len(candidates) != 1 and not alike:
        candidates = [name for name in candidates if _TARGET_NAME.match(name)] or _like_sample(
            targets[0], candidates, roles
        )
        candidates = candidates or _like_folders([name for name in unknown if name != own], train, containers)
    if len(targets) == 1 and len(candidates) == 1:
        why = f"submitted as {targets[0]!r}; the only column of {train.file} that fits"
        notes.add("target", candidates[0], "likely", why, "--target")
        return (candidates[0],), False
    of = f"the targets {listed(targets, 4)} of {roles.sample.file if roles.sample else 'the submission'}"
    if not unknown:
        raise DataError(f"{train.file} has no column for {of}, and none that the test lacks")
    answer = ask(Question(f"which column of {train.file} holds {of}?", "--target", unknown))
    notes.add("target", answer, "sure", "as you say")
    return (answer,), _are_classes(targets, train, answer)


def _are_classes(targets: Sequence[str], train: Head, name: str) -> bool:
    """Whether several targets are the classes of a column, and not the same number again and again."""
    return len(targets) > 1 and (bool(covered(targets, {*filled(train[name])})) or not is_number(train[name]))


def _like_sample(target: str, candidates: Sequence[str], roles: Roles) -> list[str]:
    """Return the candidates of few values, among which are those that the sample submission shows."""
    if roles.sample is None or roles.train is None:
        return []
    shown = {*filled(roles.sample[target])}
    held = {name: {*filled(roles.train[name])} for name in candidates}
    return [name for name in candidates if shown and shown <= held[name] and len(held[name]) <= _FEW_VALUES]


def _like_folders(candidates: Sequence[str], train: Head, containers: Sequence[Container]) -> list[str]:
    """Return the candidates whose values are the names of the folders that files lie in."""
    for container in containers:
        folders = {PurePosixPath(name).parent.name for name in container.files} - {""}
        if len(folders) > 1:
            return [name for name in candidates if {*filled(train[name])} >= folders]
    return []


def covered(columns: Sequence[str], classes: Iterable[str]) -> set[str]:
    """Return the classes that columns are named after, in any spelling, with or without a common start."""
    classes = list(classes)
    return set(classes) & {*spelled(columns, classes)}


def _without_sample(roles: Roles, hints: Hints, ask: Ask, notes: Notes) -> Submitted:
    """Return the id and target of a submission that is made from the test rows."""
    train, test = roles.train, roles.test
    if train is None or test is None:
        there = [each.file for each in (train, test) if each is not None]
        raise DataError(
            f"no sample submission and no {'test' if train else 'training'} table are there"
            f"{f', only {listed(there)}' if there else ''}; --data takes the folder with Kaggle's files"
        )
    unique = [
        name for name in test.columns
        if test[name].is_unique and (name not in train or not test[name].str.contains(".", regex=False).any())
    ]  # fmt: skip
    name = hints.id or next((each for each in unique if ids.ID_NAME.search(each)), unique[0] if unique else None)
    if name is not None and name not in test:
        raise DataError(f"{test.file} has no column {name!r}; it has: {listed(test.columns, 8)}")
    if name is None:
        name, counted = next(each for each in ("id", "row", "_row") if each not in test and each not in train), 0
        notes.add(
            "id", "the row's number", "guess", f"no sample submission, and no column of {test.file} is one", "--id"
        )
    else:
        counted = None
        notes.add("id", name, "sure" if hints.id else "likely", f"unique in {test.file}; no sample submission", "--id")
    unknown = [each for each in train.columns if each not in test]
    wanted = [hints.target] if hints.target else unknown
    if len(wanted) > 1:
        wanted = [each for each in unknown if _TARGET_NAME.match(each)]
    if not unknown and not hints.target:
        raise DataError(f"{train.file} has no column that {test.file} lacks: nothing is there to be predicted")
    if len(wanted) != 1:
        wanted = [ask(Question("no sample submission is there: which column is the target?", "--target", unknown))]
    if wanted[0] not in train:
        raise DataError(f"{train.file} has no column {wanted[0]!r}; it has: {listed(train.columns, 8)}")
    notes.add(
        "target", wanted[0], "sure" if hints.target else "likely", f"in {train.file}, not in {test.file}", "--target"
    )
    return Submitted(id=name, targets=(wanted[0],), truth=(wanted[0],), counted_from=counted)
