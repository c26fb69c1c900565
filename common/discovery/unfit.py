"""Submissions that no model fits: the sample submission's cells are what is submitted, and it is said why."""

from __future__ import annotations

import re
from collections.abc import Sequence

from common.competition import Cell, Column, Competition, Config, Files, Limits, Split, SubmissionFormat, Table
from common.discovery import describing, ids, media, shapes
from common.discovery.columns import filled, is_number
from common.discovery.files import Found
from common.discovery.findings import Hints, Notes, refuse
from common.discovery.heads import Head
from common.discovery.roles import TEST, Roles
from common.wording import listed

_SEVERAL = 4  # targets that are a series
_BOXES = re.compile(r"(?i)prediction_?string|box|annotations")
UNSCORED = "accuracy"
"""Stands for the metric where the kit has none: nothing is scored by it."""


def why_nothing(assigned: Roles, found: Found, hints: Hints) -> str:
    """Return why only the sample submission's cells can be submitted, or nothing where there is more to learn from."""
    sample, train = assigned.sample, assigned.train
    if sample is None or sample.frame.empty or hints.target is not None:
        return ""
    if train is None:
        others = [each for each in found.containers if not TEST.search(each.name.lower())]
        if media.labelled(found.containers) or not (assigned.others or others or found.skipped):
            return ""
        there = listed([each.file for each in assigned.others] + [f"{each.name}/" for each in others], 4)
        return f"none of {there or listed(found.skipped, 4)} are training rows with answers that the kit can read"
    if (
        (apart := _together(sample))
        and not ids.of_files(sample, assigned, found.containers)
        and assigned.test is None
        and not {*sample[apart[0]]} & {*train.frame.get(apart[0], ())}
    ):
        return f"{' and '.join(apart)} tell the rows of {sample.file} apart, and no other file has them"
    keys = ids.together(sample, assigned) or sample.columns[:1]
    if len(targets := sample.without(*keys)) > 1 and {*targets} <= {*train.columns}:
        words = [name for name in targets if not (is_number(train[name]) or shapes.is_truth(train[name]))]
        alone = not (assigned.test and {*words} & {*assigned.test.columns})
        return f"several answers are submitted, and {listed(words)} of them are no numbers" if words and alone else ""
    wanted = {*sample[sample.columns[0]]}
    test = assigned.test
    if test is not None and test.whole and not any(wanted & {*test[name]} == wanted for name in test.columns):
        tables = [
            each.file for each in assigned.others if sample.columns[0] in each and wanted <= {*each[sample.columns[0]]}
        ]
        if tables:
            return f"{listed(tables)} says which answer of which row of {test.file} each {sample.columns[0]!r} is"
    if why := _side_by_side(sample, train):
        return why
    targets = [name for name in sample.columns[1:] if name not in train]
    if len(sample.columns) != 2 or not targets:
        return ""
    shown = filled(sample[targets[0]])
    boxes = len(shown) and shapes.box_tokens(shown, shown)
    if boxes and (_BOXES.search(targets[0]) or shown.str.contains(".", regex=False).all()):
        return f"{targets[0]} lists boxes, which no application of the kit predicts, and {train.file} has them in another form"
    return ""


def _side_by_side(sample: Head, train: Head) -> str:
    """Return why numbered targets cannot be predicted that go on where numbered columns of the training rows end, or nothing."""
    targets = sample.columns[1:]
    if len(targets) < _SEVERAL or {*targets} & {*train.columns} or len(_numbered(targets)) != 1:
        return ""
    for names in _numbered(train.columns).values():
        if len(names) > len(targets) and all(is_number(train[name]) for name in (names[0], names[-1])):
            return (
                f"{targets[0]} to {targets[-1]} go on where {names[0]} to {names[-1]} of {train.file} end: no application of the "
                "kit forecasts what stands side by side"
            )
    return ""


def _numbered(names: Sequence[str]) -> dict[str, list[str]]:
    """Return names that end with a number, by what stands before it."""
    made: dict[str, list[str]] = {}
    for name in names:
        made.setdefault(re.sub(r"\d+$", "", name) if name[-1:].isdigit() else "", []).append(name)
    return {start: each for start, each in made.items() if start}


def _together(sample: Head) -> tuple[str, ...]:
    """Return the columns but the last that only together tell the rows of a sample submission apart, or none."""
    if any(sample[name].is_unique for name in sample.columns) or sample.frame.duplicated(sample.columns[:-1]).any():
        return ()
    return tuple(sample.columns[:-1])


def of_sample(sample: Head, why: str, name: str, slug: str, hints: Hints, notes: Notes) -> Competition:
    """Return a competition whose rows and cells are those of its sample submission."""
    keys = _together(sample)
    id = "_".join(keys) or ids.find(sample, Roles(sample=sample, train=None, test=None), (), hints, refuse, notes)[0]
    targets = tuple(sample.without(id, *keys))
    words = [target for target in targets if not is_number(sample[target])]
    shown = filled(sample[words[0]]) if words else None
    tokens = shapes.box_tokens(shown, shown) if shown is not None and len(targets) == 1 else None
    text = Cell(kind="boxes", tokens=tokens, may_be_empty=True) if tokens else Cell(kind="text", may_be_empty=True)
    listing = Table(
        file=sample.file, separator=sample.separator,
        columns=(
            Column(name=id, kind="id", parts=keys),
            *(Column(name=each, kind="text", may_be_empty=True) for each in (*keys, *targets)),
        ),
    )  # fmt: skip
    notes.add("target", listed(targets, 4), "sure", f"of {sample.file}")
    notes.add("models", "none: the cells of the sample submission", "sure", why, "model.py")
    header = tuple(sample.columns) if not keys and sample.columns[0] != id else ()
    return Competition(
        name=name, slug=slug, title=describing.title(slug), summary=f"Predict {listed(targets)}.", metric=UNSCORED,
        files=Files(train=listing, test=listing, sample_submission=listing),
        submission=SubmissionFormat(
            id=id, parts=keys, targets=targets, cell=text if len(words) == len(targets) else Cell(), header=header,
            cells=dict.fromkeys(words, text) if len(words) < len(targets) else {}, separator=sample.separator,
        ),
        split=Split(kind="random"), submitted_as="csv", limits=Limits(session_hours=9.0, internet=True),
        target=targets[0] if len(targets) == 1 else targets, inputs=(), predicts="nothing",
        profiles={"sample": Config(), "baseline": Config()},
    )  # fmt: skip
