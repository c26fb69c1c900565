"""The rows of both sides, training and test, with the files that belong to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common.discovery import ids, masks, media, roles
from common.discovery.files import Container
from common.discovery.findings import Notes
from common.discovery.heads import Head
from common.discovery.masks import Paired
from common.discovery.media import Apart, Attached, Labelled
from common.discovery.roles import Roles
from common.discovery.target import Submitted
from common.errors import DataError
from common.wording import listed


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Training and test rows as tables, and the files that belong to them.

    Masks of the training pictures are files that are `paired` with them, or `gathered` from the rows of each; ids may
    fall `apart` into files and kinds of rows. With `of_files` all test files are rows, not only those that are listed.
    """

    train: Head
    test: Head
    labelled: Labelled | None
    train_files: Attached | None
    test_files: Attached | None
    test_is_table: bool
    others: tuple[Head, ...] = ()
    test_rows_of_items: bool = False
    paired: Paired | None = None
    gathered: bool = False
    of_files: bool = False
    apart: Apart | None = None

    @property
    def files(self) -> list[Attached]:
        """The files of both sides."""
        return [each for each in (self.train_files, self.test_files) if each is not None]


def from_names(assigned: Roles, containers: Sequence[Container], folder: Path, notes: Notes) -> tuple[Roles, Labelled]:
    """Return the roles with training rows that are files, labelled by their folders or names.

    Raises:
        DataError: if there are none.
    """
    labelled = media.labelled(containers)
    if labelled is None:
        there = (
            listed([each.file for each in assigned.others] + [f"{each.name}/" for each in containers], 6)
            or "none of them"
        )
        raise DataError(
            f"no training rows in {folder}: no table is named like train, no files have labels; there: {there}"
        )
    sample = assigned.sample
    single = sample is not None and len(sample.columns) == 2
    name = sample.columns[1] if single and sample is not None else "label"
    id = sample.columns[0] if sample is not None else "id"
    notes.add("training rows", f"{labelled.container.name}/", "sure", labelled.why)
    return replace(assigned, train=media.training_rows(labelled, id, name)), labelled


def find(
    assigned: Roles, submitted: Submitted, containers: Sequence[Container], labelled: Labelled | None,
    pair: Paired | None, notes: Notes,
) -> Sides:  # fmt: skip
    """Return the rows of both sides, those of a sample submission where no table has the test's.

    Raises:
        DataError: if one side has none.
    """
    train, test = assigned.train, assigned.test
    if train is None:
        raise DataError("no training rows were found")
    is_table = test is not None and (
        submitted.id in test or bool(submitted.parts) or submitted.counted_from is not None
    )
    if not is_table:
        if assigned.sample is None or len(assigned.sample.frame) == 0:
            raise DataError("no test rows were found, neither a table of them nor a sample submission that lists them")
        test = media.test_rows(assigned.sample, submitted)
        notes.add("test rows", f"the rows of {assigned.sample.file}", "sure", "no table has them")
    if test is None:
        raise DataError("no test rows were found")
    others = assigned.others
    if submitted.id in test and not test[submitted.id].is_unique and assigned.sample is not None:
        # Its rows belong to the items that the sample submission lists, and are joined to them.
        others, test, is_table = (*others, test), media.test_rows(assigned.sample, submitted), False
        if roles.answers_once(train, submitted.id, submitted.truth):
            others, train = (*others, train), roles.once(train, submitted.id, submitted.truth)
    parts = None
    if submitted.apart and ids.of_files(assigned.sample, assigned, containers) == submitted.parts:  # type: ignore[arg-type]
        parts = Apart(submitted.id, *submitted.parts)
    if labelled is not None or pair is not None:
        own = labelled.container if labelled is not None else pair.pictures  # type: ignore[union-attr]
        train_files: Attached | None = Attached(own, submitted.id, 1.0)
    else:
        train_files = media.attach(train, containers, submitted.id, train=True)
    test_files = media.attach(test, containers, submitted.id, train=False)
    if train_files is None and test_files is not None and (made := media.attach_parts(train, containers)):
        train, train_files = made
    if train_files is None and test_files is None:
        parts = media.apart(train, test, submitted.id, containers)
    if parts is not None:
        train, test = parts.added(train), parts.added(test)
        ours, theirs = (replace(side, frame=side.frame.drop_duplicates(parts.file)) for side in (train, test))
        train_files = media.attach(ours, containers, parts.file, train=True)
        test_files = media.attach(theirs, containers, parts.file, train=False)
        notes.add(
            "rows",
            f"one of each {parts.kind} for a {parts.file}",
            "sure",
            f"{submitted.id!r} holds both",
            "competition.py",
        )
        return Sides(
            train=train, test=test, labelled=None, train_files=train_files, test_files=test_files, others=others,
            test_is_table=is_table, apart=parts,
        )  # fmt: skip
    of_files, sample = False, assigned.sample
    if sample is not None and test_files is not None and not is_table:
        own = train_files is None or train_files.container is not test_files.container
        of_files = own and ids.are_few(sample, len(test_files.container.files))
        if of_files:
            ids.note_examples(sample, f"{test_files.container.name}/", notes)
    gathered = train_files is not None and masks.objects(
        train, train_files.column, submitted.truth, train_files.container
    )
    if gathered and train_files is not None:
        notes.add(
            "objects",
            f"{train.file} has a row for each",
            "sure",
            "several masks of a picture stand in rows of their own",
        )
        train = replace(train, frame=train.frame.drop_duplicates(train_files.column, ignore_index=True))
    if train_files is not None and not media.texts([train_files]) and not train[train_files.column].is_unique:
        shared = train[train_files.column].duplicated().mean()
        notes.add(
            "train files", "not used", "sure", f"{shared:.0%} of the rows of {train.file} share a file with another"
        )
        train_files = None
    return Sides(
        train=train,
        test=test,
        labelled=labelled,
        train_files=train_files,
        test_files=test_files,
        test_is_table=is_table,
        others=others,
        test_rows_of_items=others is not assigned.others,
        paired=pair,
        gathered=gathered,
        of_files=of_files,
    )
