"""Pictures made of pictures: training pictures beside clean ones of the same names, ids that name single pixels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Literal

from common.competition import (
    Cell,
    Column,
    Competition,
    Config,
    Files,
    Folder,
    Limits,
    Split,
    SubmissionFormat,
    Table,
)  # fmt: skip
from common.discovery import describing
from common.discovery.columns import filled, is_number, numbers
from common.discovery.files import Container, Found, stem
from common.discovery.findings import Notes
from common.discovery.heads import Head
from common.masks.files import size_of
from common.vision.restoring import PLACE
from common.wording import plural

_PATH, _CLEAN = "picture", "clean"


@dataclass(frozen=True)
class Restored:
    """Soiled and clean training pictures, those of the test, and the parts of an id: the picture, then `place`, from `first`."""

    soiled: Container
    clean: Container
    test: Container
    place: tuple[str, ...]
    first: Literal[0, 1]


def restored(found: Found, sample: Head | None, train: Head | None) -> Restored | None:
    """Return the pictures of a competition in which single pixels are submitted, or None."""
    if sample is None or train is not None or len(sample.columns) != 2 or not is_number(sample[sample.columns[1]]):
        return None
    parts = sample[sample.columns[0]].str.rsplit("_", n=2, expand=True)
    if parts.shape[1] != 3 or parts.isna().any(axis=None) or not all(is_number(parts[place]) for place in (1, 2)):
        return None
    containers = [each for each in found.containers if each.pictures]
    test = next((each for each in containers if {*parts[0]} <= each.stems), None)
    pairs = permutations([each for each in containers if each is not test], 2)
    pair = next(
        ((one, other) for one, other in pairs if one.stems == other.stems and other.name.startswith(one.name)), None
    )
    if test is None or pair is None:
        return None
    paths = {stem(name): f"{test.path}/{name}" for name in test.files}
    whole = parts[parts[0] == parts[0].iloc[0]]  # of the first picture, all of whose pixels come first
    size, spans = size_of(paths[whole[0].iloc[0]]), [numbers(whole[place]) for place in (1, 2)]
    first: Literal[0, 1] = 0 if min(span.min() for span in spans) == 0 else 1
    ends = tuple(int(span.max()) - first + 1 for span in spans)
    swapped = ends[0] > size[0] or (ends != size and ends == size[::-1])
    return Restored(*pair, test, PLACE[::-1] if swapped else PLACE, first)


def described(made: Restored, sample: Head, name: str, slug: str, metric: str, notes: Notes) -> Competition:
    """Return the competition."""
    id, value = sample.columns
    why = f"{plural(len(made.soiled.files), 'picture')}, each with one of the same name in {made.clean.name}"
    notes.add("training rows", f"{made.soiled.name}/", "sure", why)
    notes.add(
        "id",
        id,
        "sure",
        f"a picture of {made.test.name}, then {' and '.join(made.place)} of a pixel, from {made.first}",
    )
    notes.add("target", value, "sure", f"the pixels of {made.clean.name}")
    notes.add("split", "group by picture", "sure", "pixels of a picture stay in one fold")
    notes.add("application", "restoring", "sure", "each pixel from what stands around it", "model.py")
    path = Column(name=_PATH, kind="file")

    def folder(container: Container, *columns: Column) -> Folder:
        return Folder(folders=(container.name,), suffixes=container.suffixes, columns=columns, only=container.only)

    picture = Column(name="name", kind="id")
    clean = folder(made.clean, picture, Column(name=_CLEAN, kind="file"))
    soiled = Folder(
        folders=(made.soiled.name,),
        suffixes=made.soiled.suffixes,
        columns=(picture, path),
        only=made.soiled.only,
        files=clean,
    )
    rows = Column(name=id, kind="id")
    high = 1.0 if numbers(filled(sample[value])).max() <= 1 else 255.0
    return Competition(
        name=name, slug=slug, title=describing.title(slug), summary="Predict the pixels of clean pictures.", metric=metric,
        files=Files(
            train=soiled,
            test=Table(
                file=sample.file, columns=(Column(name=id, kind="id", parts=("name", *made.place)),), separator=sample.separator,
                files=folder(made.test, picture, path),
            ),
            sample_submission=Table(
                file=sample.file, columns=(rows, Column(name=value, kind="number", may_be_empty=True)),
                separator=sample.separator,
            ),
        ),
        submission=SubmissionFormat(
            id=id, targets=(value,), cell=Cell(low=0, high=high, clip=True, first=made.first),
            separator=sample.separator, max_bytes=500_000_000,
        ),
        split=Split(kind="group", n_splits=5, group=_PATH), submitted_as="csv",
        limits=Limits(session_hours=9.0, internet=True), target=_CLEAN, inputs=(), predicts="number",
        profiles={"sample": Config(), "baseline": Config()},
    )  # fmt: skip
