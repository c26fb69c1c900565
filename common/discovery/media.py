"""Files that belong to rows: found by their names, labelled by their folders or names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import PurePosixPath

from common.competition import Column, Folder, Join
from common.data.joining import divided
from common.discovery.files import TABLES, TEXTS, Container, stem
from common.discovery.findings import Notes, Sure
from common.discovery.heads import Head
from common.discovery.joining import Joined
from common.discovery.target import Submitted
from common.wording import listed, plural

_SOME = 500  # texts that are looked at
_ENOUGH = 0.9  # of the ids have a file
_LOOKED_AT, _MOST_KINDS = 100, 50  # ids that are looked at, rows of a file
_TRAIN, _TEST = re.compile("train", re.IGNORECASE), re.compile("test", re.IGNORECASE)
_WORD = r"[^\W\d_](?:[^\W\d]|[ -])*?"


@dataclass(frozen=True)
class Attached:
    """The files of a table's rows: the container, the column of the table that names them, and what follows in their names.

    `parts` are the columns that the column is made of, if the table has none.
    """

    container: Container
    column: str
    share: float
    after_id: str = ""
    parts: tuple[str, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """What follows in the names of the files that are a picture's colours, if there are several."""
        return self.container.after_ids[:3] if self.after_id else ()


def attach(head: Head | None, containers: Sequence[Container], prefer: str, *, train: bool) -> Attached | None:
    """Return the files of a table's rows, or None: those of the side that it is on, pictures before others.

    Args:
        head: the table.
        containers: where files lie.
        prefer: the column that the submission's id has.
        train: whether it is the training table.
    """
    if head is None:
        return None
    names = sorted(head.columns, key=lambda name: (name != prefer, not re.search("id|name|file|image", name.lower())))
    wanted, other = (_TRAIN, _TEST) if train else (_TEST, _TRAIN)
    best: tuple[tuple[float, ...], Attached] | None = None
    for place, name in enumerate(names[:30]):
        values = {value for value in head[name].unique()[:500] if value}  # of which each may have many rows
        if len(values) < min(20, 0.5 * len(head.frame)) and len(values) < len(head.frame):
            continue
        for container in containers:
            share, after = container.share(values), ""
            if share < _ENOUGH and container.after_ids:
                shares = {end: container.share(each + end for each in values) for end in container.after_ids}
                after = max(shares, key=shares.__getitem__)  # the first of several
                share = shares[after]
            if share >= _ENOUGH:
                side = bool(wanted.search(container.name)) - bool(other.search(container.name))
                key = (container.plain, side, container.pictures, round(share, 2), -place, -len(container.files))
                if best is None or key > best[0]:
                    best = (key, Attached(container, name, share, after))
    return best[1] if best else None


def attach_parts(head: Head, containers: Sequence[Container]) -> tuple[Head, Attached] | None:
    """Return training rows with a column for the names of their files that are made of two others, and the files."""
    wanted = [each for each in containers if not _TEST.search(each.name)]
    for parts in permutations(head.columns[:6], 2):
        made = head[parts[0]] + "_" + head[parts[1]]
        for container in wanted:
            if made.is_unique and (share := container.share(made.head(500))) >= _ENOUGH:
                name = "_".join(parts)
                return replace(head, frame=head.frame.assign(**{name: made})), Attached(
                    container, name, share, parts=parts
                )
    return None


@dataclass(frozen=True)
class Apart:
    """The column of a table that names a file and says which of its rows it is, and the columns that these become."""

    column: str
    file: str
    kind: str

    def added(self, head: Head) -> Head:
        """Return a table with these columns, which it may have already."""
        if self.file in head:
            return head
        parts = head[self.column].str.rpartition("_")
        return replace(head, frame=head.frame.assign(**{self.file: parts[0], self.kind: parts[2]}))


def apart(train: Head, test: Head, id: str, containers: Sequence[Container]) -> Apart | None:
    """Return how ids such as 0a1.jpg_Fish fall into a file and one of a few kinds of row, which every file has, or None."""
    if id not in train or id not in test or not all("_" in each for each in train[id].head(_LOOKED_AT)):
        return None
    first, _, second = id.rpartition("_")
    file, kind = (first, second) if first and not {first, second} & {*train.columns} else ("file", "kind")
    made = Apart(id, file, kind)
    sides = [made.added(head) for head in (train, test)]
    kinds = [{*side[kind]} for side in sides]
    alike = len({*sides[0][file].value_counts()}) == 1 and kinds[0] == kinds[1]
    if not (alike and 1 < len(kinds[0]) <= _MOST_KINDS and train[id].is_unique):
        return None
    named = all(any(each.share(side[file].head(500)) >= _ENOUGH for each in containers) for side in sides)
    return made if named else None


@dataclass(frozen=True)
class Labelled:
    """A container whose files' paths tell their labels, the rule that reads them, and the labels of its files."""

    container: Container
    rules: dict[str, str]
    labels: tuple[str, ...]
    why: str


def labelled(containers: Sequence[Container]) -> Labelled | None:
    """Return the training files whose labels stand in their folders or names, or None."""
    sides = sorted(containers, key=lambda each: (not _TRAIN.search(each.name), bool(_TEST.search(each.name))))
    for container in sides:
        if _TEST.search(container.name) and not _TRAIN.search(container.name):
            continue
        if found := _by_folder(container) or _by_name(container):
            return found
    return None


def _by_folder(container: Container) -> Labelled | None:
    """Return a label for each file: the folder that it lies in."""
    parents = [PurePosixPath(name).parent.name for name in container.files]
    kinds = {*parents}
    if len(kinds) < 2 or "" in kinds or len(kinds) > 0.5 * len(parents):
        return None
    why = f"files of {container.name} lie in {plural(len(kinds), 'folder')}: {listed(sorted(kinds))}"
    return Labelled(container, {r"(?:.*/)?([^/]+)/[^/]+": r"\1"}, tuple(parents), why)


def _by_name(container: Container) -> Labelled | None:
    """Return a label for each file: the word that its name begins with, or ends with."""
    stems = [stem(name) for name in container.files]
    for rule in (rf"({_WORD})[._ -]*\d+", r".*[._-](\w+)"):
        matches = [re.fullmatch(rule, stem) for stem in stems]
        labels = [match[1] if match else "" for match in matches]
        kinds = {*labels}
        if 2 <= len(kinds) <= min(300, len(stems) // 2) and "" not in kinds:
            some = listed(PurePosixPath(name).name for name in container.files[:2])
            why = f"names of {container.name} such as {some} hold {plural(len(kinds), 'word')}: {listed(sorted(kinds))}"
            alternatives = "|".join(re.escape(kind) for kind in sorted(kinds, key=len, reverse=True))
            exact = rule.replace(_WORD, alternatives).replace(r"(\w+)", f"({alternatives})")
            return Labelled(container, {f"(?:.*/)?{exact.removeprefix('.*')}" if exact[0] == "(" else exact: r"\1"},
                            tuple(labels), why)  # fmt: skip
    return None


def training_rows(found: Labelled, id: str, target: str) -> Head:
    """Return labelled files as a table."""
    import pandas as pd

    frame = pd.DataFrame({id: [stem(name) for name in found.container.files], target: found.labels})
    return Head(path=found.container.path, file=f"{found.container.name}/", frame=frame, rows=len(frame), whole=True)


def test_rows(sample: Head, submitted: Submitted) -> Head:
    """Return the rows of a sample submission as a table of ids, and of their parts."""
    import pandas as pd

    frame = sample.frame[list(submitted.parts if submitted.apart else (submitted.id,))]
    if submitted.parts and not submitted.apart:
        frame = pd.concat([frame, pd.DataFrame(divided(frame[submitted.id], submitted.parts), dtype=str)], axis=1)
    return replace(sample, frame=frame)


def tables(attached: Sequence[Attached]) -> bool:
    """Whether rows have files that are tables."""
    return bool(attached) and all({*each.container.suffixes} <= {*TABLES} for each in attached)


def summarised(
    joined: Joined, train: Attached | None, test: Attached | None, notes: Notes, *, pictures: bool = False
) -> Joined:
    """Return rows to which what summarises their files is joined, where those are tables, or `pictures` as cameras make them."""
    if train is None or test is None:
        return joined
    plain = pictures and all(each.container.plain and not each.after_id for each in (train, test))
    if not (plain or tables([train, test])):
        return joined
    what = "what summarises each picture" if plain else "what summarises the columns of each"
    joins = []
    for side, attached, rows in (("train", train, joined.train), ("test", test, joined.test)):
        container = attached.container
        folder = Folder(
            folders=(container.name,), suffixes=container.suffixes, columns=(Column(name=attached.column, kind="id"),),
            called=container.called, keep_suffix=_with_suffix(rows, attached),
        )  # fmt: skip
        joins.append(Join(table=folder, on=(attached.column,)))
        why = f"{attached.share:.0%} of the values of {attached.column!r} are names of its {plural(len(container.files), 'file')}"
        notes.add(f"{side} files", f"{container.name}/: {what}", "sure", why)
    return replace(joined, to_train=(*joined.to_train, joins[0]), to_test=(*joined.to_test, joins[1]))


def _with_suffix(rows: Head, attached: Attached) -> bool:
    """Whether rows name their files with their endings."""
    return bool(rows[attached.column].head(_SOME).str.endswith(attached.container.suffixes).all())


def texts(attached: Sequence[Attached]) -> bool:
    """Whether rows have files that are texts."""
    return bool(attached) and all({*each.container.suffixes} <= {*TEXTS} for each in attached)


def read_as_text(joined: Joined, train: Attached | None, test: Attached | None, notes: Notes) -> Joined:
    """Return rows to which the text of their files is joined."""
    if train is None or test is None or not texts([train, test]):
        return joined
    name = next(
        each for each in ("text", "text_of_file", "_text") if each not in joined.train and each not in joined.test
    )
    made = []
    for side, attached, rows in (("train", train, joined.train), ("test", test, joined.test)):
        container = attached.container
        id, text = Column(name=attached.column, kind="id"), Column(name=name, kind="text", may_be_empty=True)
        folder = Folder(
            folders=(container.name,), suffixes=container.suffixes, columns=(id, text),
            keep_suffix=_with_suffix(rows, attached),
        )  # fmt: skip
        cells = container.texts([*rows[attached.column]], _SOME)
        made.append(
            (replace(rows, frame=rows.frame.assign(**{name: cells})), Join(table=folder, on=(attached.column,)))
        )
        why = f"{attached.share:.0%} of the values of {attached.column!r} are names of its {plural(len(container.files), 'file')}"
        notes.add(f"{side} texts", f"{container.name}/, as the column {name!r}", "sure", why)
    (ours, to_train), (theirs, to_test) = made
    return replace(
        joined, train=ours, test=theirs, to_train=(*joined.to_train, to_train), to_test=(*joined.to_test, to_test)
    )  # fmt: skip


def note(attached: Attached, side: str, notes: Notes) -> None:
    """Note which files were joined to which rows."""
    container = attached.container
    kind = "pictures" if container.pictures else "files"
    why = f"{attached.share:.0%} of the values of {attached.column!r} are names of its {plural(len(container.files), 'file')}"
    if attached.after_id:
        why += f"; {listed(attached.channels)} of {listed(container.after_ids, 8)} are its colours"
    sure: Sure = "guess" if attached.after_id else "sure"
    notes.add(f"{side} {kind}", f"{container.name}/ ({'/'.join(container.suffixes)})", sure, why, "competition.py")
