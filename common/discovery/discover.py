"""From a folder of files to the description of a competition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from common import metrics
from common.competition import (
    Competition,
    Config,
    Files,
    Limits,
    Split,
    SubmissionFormat,
)
from common.data.tables import INDEX
from common.discovery import (
    cells,
    describing,
    features,
    files,
    forms,
    joining,
    leaks,
    masks,
    media,
    melting,
    metric,
    naming,
    pairing,
    parts,
    pixels,
    roles,
    rows,
    shapes,
    split,
    target,
)
from common.discovery.describing import described_in_both
from common.discovery.features import Application
from common.discovery.findings import Ask, Finding, Hints, Notes, refuse
from common.discovery.rows import Sides
from common.errors import DataError
from common.vision.settings import DUPLICATE_GROUP
from common.wording import listed

_HOURS = 9.0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What Kaggle says of a competition, as far as it was asked."""

    title: str | None = None
    metric: str | None = None
    kernels_only: bool = False
    daily_submissions: int | None = None


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """A competition as it was found: `competition` has no profiles of its own yet, `application` will give them.

    `pixels` is what the columns of its pictures' pixels begin with, where a table holds them, `kinds` the column
    that tells the rows of a picture apart, `channels` what follows in the names of the files that are its colours, `options`
    what the columns of answers to choose from have before the class.
    """

    competition: Competition
    application: Application
    texts: tuple[str, ...]
    left_out: tuple[str, ...]
    trained: bool
    pixels: str
    findings: tuple[Finding, ...]
    kinds: str = ""
    channels: tuple[str, ...] = ()
    options: str | None = None


def discover(
    folder: Path, name: str, slug: str, hints: Hints | None = None, facts: Facts | None = None, ask: Ask = refuse
) -> Discovery:
    """Return what a folder's files tell about a competition.

    Args:
        folder: with Kaggle's files, as they are.
        name: what the competition will be called here.
        slug: what it is called on Kaggle.
        hints: what the user says.
        facts: what Kaggle says.
        ask: answers what the files leave open, or refuses.

    Raises:
        DataError: where files are missing or contradict each other.
        Question: where they leave open what only the user can say.
    """
    hints, facts, notes = hints or Hints(), facts or Facts(), Notes()
    found = parts.together(files.look(folder))
    roles.require_readable(found)
    assigned = melting.as_rows(roles.assign(found, notes), notes)
    found = naming.named(found, assigned, notes)
    labelled, pair = None, masks.paired(found, assigned.sample, assigned.train)
    if pair is None and (form := forms.find(found, assigned, name, slug, hints, facts.metric, notes)):
        told = replace(
            form[1], title=facts.title or form[1].title, submitted_as=_submitted_as(facts), limits=_limits(facts)
        )
        return Discovery(
            competition=told, application=form[0], texts=(), left_out=(), trained=form[0] != "nothing", pixels="",
            findings=tuple(notes.findings),
        )  # fmt: skip
    if pair is not None and assigned.sample is not None:
        others = (*assigned.others, assigned.train) if assigned.train else assigned.others
        assigned = replace(assigned, train=masks.training_rows(pair, assigned.sample, notes), others=others)
    elif assigned.train is None:
        assigned, labelled = rows.from_names(assigned, found.containers, folder, notes)
    assigned = pairing.pair(assigned, notes)
    submitted = target.find(assigned, found.containers, hints, ask, notes)
    sides = rows.find(assigned, submitted, found.containers, labelled, pair, notes)
    sample = assigned.sample
    joined = joining.find(sides.train, sides.test, sides.others, submitted, notes)
    if sides.test_rows_of_items and not joined.to_test:
        raise DataError(
            f"{assigned.test.file if assigned.test else ''} has several rows for one {submitted.id!r}, and no training table has "
            "such rows too; make one row of them first"
        )
    for more in (media.summarised, media.read_as_text):
        joined = more(joined, sides.train_files, sides.test_files, notes)
    if media.texts(sides.files):
        sides = replace(sides, train_files=None, test_files=None)
    train, test = joined.train, joined.test
    shared = [each for each in train.columns if each in test]
    answers = shapes.answers(submitted, sample, train, shared)
    answers = replace(answers, objects=sides.gathered)
    chosen = metric.choose(answers, hints, facts.metric, notes)
    decided = cells.decide(answers, chosen, submitted, sample, train, hints, notes)
    decided = cells.within_memory(decided, answers, sides.train.rows, notes)
    kinds = sides.apart.kind if sides.apart else ""
    keys = {submitted.id, kinds, *submitted.truth, *submitted.targets, *(each.column for each in sides.files)}
    left = leaks.left_out(train, test, submitted.truth, decided.classes, hints, notes)
    if len(submitted.parts) == 1:  # the id under another name
        left = (*left, *submitted.parts)
    keys |= {*left}
    prefix, in_pixels = pixels.find(train, test, notes)
    used = features.find(train, test, submitted.id, [*keys, *in_pixels], notes)
    stratify = submitted.truth[0] if len(submitted.truth) == 1 and decided.predicts in ("class", "number") else None
    stratify = stratify if decided.trained else None
    ignore = [name for name in (*keys, *in_pixels) if name not in (submitted.id, sides.apart and sides.apart.file)]
    chosen_split = split.choose(train, test, stratify, decided.classes, hints, notes, ignore)
    both = sides.train_files is not None and sides.test_files is not None
    pictures = bool(prefix) or (both and all(each.container.pictures for each in sides.files))
    group = chosen_split.group if chosen_split.group_before is None else None
    of_masks = decided.predicts == "masks"
    judged = metrics.get(chosen)
    application = features.application(
        used, train, pictures, group, answers.source, notes,
        masks=of_masks, amounts=judged.prediction == "number" or judged.ordered, labels=decided.predicts == "labels",
    )  # fmt: skip
    options = features.options(train, used.texts, answers.classes) if decided.predicts == "class" else None
    if options is not None:
        application = "text"
        notes.add("answers to choose from", listed([f"{options}{each}" for each in answers.classes], 6), "likely",
                  f"{submitted.truth[0]!r} says which of these columns is right", "model.py")  # fmt: skip
    seen = application in ("vision", "masks")
    if both and pictures and application == "tabular":
        joined = media.summarised(joined, sides.train_files, sides.test_files, notes, pictures=True)
    if not seen:
        inputs = [column.name for column in used.columns]
        if hints.split is None:
            chosen_split = split.apart(train, test, inputs, chosen_split, notes)
        leaks.note_telling(train, inputs, submitted.truth, decided.classes, notes)
    if of_masks and seen and sides.train_files is not None:
        read = masks.read_as(decided.cell, train, submitted.truth[0], sides.train_files, notes)
        decided = replace(decided, cell=read)
    elif of_masks:
        decided = replace(decided, predicts="nothing", trained=False)
        cells.note_untrained(answers, notes)
    if not decided.trained:
        application = "nothing"
    elif application == "tabular" and not used.columns and not media.tables(sides.files):
        application = "nothing"
        notes.add(
            "models",
            "none: the same for every row",
            "sure",
            "nothing is there that an application of the kit reads",
            "model.py",
        )
    if sides.apart is not None and seen and chosen_split.group is None:
        chosen_split = Split(kind="group", n_splits=split.N_SPLITS, group=sides.apart.file)
        notes.add("split", f"group by {sides.apart.file}", "sure", "rows of a picture stay in one fold", "--split")
    if application != "vision":
        prefix = ""
    if application == "vision" and chosen_split.kind == "stratified" and not prefix:
        chosen_split = replace(chosen_split, kind="stratified_group", group=DUPLICATE_GROUP)
        notes.add("alike", "pictures that look alike stay in one fold", "sure", "most sets hold some twice", "--split")
    if both and not pictures and not media.tables(sides.files):
        endings = "/".join(sides.files[0].container.suffixes)
        notes.add("not used", f"{endings} files", "sure", "no application of the kit reads them")
    if pictures and seen:
        for side, attached in (("train", sides.train_files), ("test", sides.test_files)):
            if attached is not None:
                media.note(attached, side, notes)
    listing = describing.sample_submission(sample, submitted, decided)
    described = describing.sources(sides, submitted, answers, decided, used, joined, with_files=seen)
    return Discovery(
        competition=Competition(
            name=name, slug=slug, title=facts.title or describing.title(slug), summary=describing.summary(submitted, decided),
            metric=chosen, metric_columns=describing.metric_columns(chosen, train, hints, ask),
            files=Files(train=described[0], test=described[1], sample_submission=listing),
            submission=SubmissionFormat(
                rows="test" if submitted.of_test or sides.of_files else "sample",
                id=submitted.id, targets=submitted.targets, cell=decided.cell, echoed=submitted.echoed, header=submitted.header,
                parts=submitted.parts if submitted.apart else (),
                index=sample is not None and submitted.id == INDEX and sample.has_index,
                rows_sum_to=1.0 if decided.sums_to_one else None, normalise=decided.sums_to_one,
                separator=sample.separator if sample else ",",
            ),
            split=chosen_split,
            submitted_as=_submitted_as(facts), limits=_limits(facts),
            target=submitted.truth[0] if len(submitted.truth) == 1 else submitted.truth,
            inputs=() if seen else described_in_both(described, used.columns),
            profiles={"sample": Config(), "baseline": Config()},
            predicts=decided.predicts, positive=decided.positive,
        ),
        application=application, texts=used.texts, left_out=left, trained=decided.trained, pixels=prefix,
        findings=tuple(notes.findings), kinds=kinds if seen else "", channels=_channels(sides) if seen else (),
        options=options,
    )  # fmt: skip


def _channels(sides: Sides) -> tuple[str, ...]:
    """Return what follows in the names of the files of a picture's colours, three at most; none where each has one file."""
    found = {each.channels for each in sides.files}
    return found.pop() if len(found) == 1 else ()


def _submitted_as(facts: Facts) -> Literal["csv", "kernel"]:
    return "kernel" if facts.kernels_only else "csv"


def _limits(facts: Facts) -> Limits:
    internet = not facts.kernels_only
    return Limits(session_hours=_HOURS, internet=internet, daily_submissions=facts.daily_submissions)
