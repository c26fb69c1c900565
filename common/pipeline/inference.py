"""Predictions of a saved run for any test set, and submissions made of predictions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import data, registry, submission
from common.competition import Competition, Config
from common.config import restore
from common.decisions.decision import Decision
from common.environment import Environment
from common.errors import DataError, KitError, RunError, SubmissionError
from common.model import Context, Models
from common.progress import Progress
from common.runs.predictions import mean
from common.runs.run import Run
from common.submission.shape import with_parts
from common.wording import first_line, listed, plural

if TYPE_CHECKING:
    from pandas import DataFrame


def predict(
    competition: Competition, folder: Path, frames: data.Frames, environment: Environment, progress: Progress
) -> DataFrame:
    """Return the submission that a saved run makes for another test set, as the hidden rerun does.

    Raises:
        RunError: if the folder holds no finished fold of this competition, or damaged files.
    """
    if competition.predicts == "nothing":
        return of_sample(competition, frames)
    saved, config, models, context = load(competition, folder, environment, progress)
    enriched = models.enrich(frames, config, context)
    with using(folder):
        test = models.prepare(enriched, config, context).frames.test
        loaded = (
            models.load(saved.fold(number) / "model", config, context.titled(f"fold {number}"))
            for number in saved.of_test()
        )
        averaged = mean(model.predict(test) for model in loaded)
    decision = saved.record.decision or Decision.plain(competition, context.classes)
    return as_submission(competition, enriched, decision.apply(averaged, enriched.test, competition))


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Say of what fails because of the files of a run, which may be cut, edited or made by other versions, whose they are.

    Raises:
        RunError: for anything that is not said in one line already.
    """
    try:
        yield
    except KitError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {first_line(error)}"
        raise RunError(f"{folder} cannot be used ({why}): damaged, or of other versions; train it again") from error


def load(
    competition: Competition, folder: Path, environment: Environment, progress: Progress
) -> tuple[Run, Config, Models, Context]:
    """Return a saved run with its settings, and the competition's models and their context for it.

    Raises:
        RunError: if the folder holds no finished fold of this competition.
    """
    saved = Run.open(folder, competition.name)
    if not saved.finished():
        raise RunError(f"{folder} holds no finished fold yet; train it first")
    config = restore(competition, saved.record.profile, saved.record.settings)
    classes = tuple(saved.record.classes)
    context = Context.of(competition.name, environment, folder, progress=progress, classes=classes)
    return saved, config, registry.models(competition.name), context


def as_submission(competition: Competition, frames: data.Frames, decided: Any) -> DataFrame:
    """Return what was decided for the test set as a submission, with the rows of the sample submission in its order.

    Without a sample submission it has the rows of the test set. Columns that are echoed come from the sample.
    """
    ids = data.ids(frames.test, competition.files.test)
    made = submission.make(ids.tolist(), decided, competition.submission)
    sample = frames.sample_submission
    format = competition.submission
    if sample is not None and set(order := sample[format.id]) <= set(ids):
        made = made.set_index(format.id).loc[order].reset_index()
        made = made.assign(**{name: sample[name].to_numpy() for name in format.copied if name in sample})
    return with_parts(made, format)[list(format.columns)]


def of_sample(competition: Competition, frames: data.Frames) -> DataFrame:
    """Return the cells of the sample submission as a submission; a row that it lacks gets those of its first row.

    Raises:
        DataError: if there is no sample submission.
    """
    import pandas as pd

    format, sample = competition.submission, frames.sample_submission
    if sample is None or not {*format.targets} <= {*sample}:
        raise DataError(f"{competition.files.sample_submission.file} is not there, and its cells are what is submitted")
    cells = sample.drop_duplicates(format.id).set_index(format.id)[list(format.targets)]
    cells = cells.reindex(data.ids(frames.test, competition.files.test)).fillna(cells.iloc[0])
    if format.numeric:
        cells = cells.apply(pd.to_numeric, errors="coerce").fillna(0.0)
    return as_submission(competition, frames, cells.to_numpy())


def require_rows(competition: Competition, frames: data.Frames, progress: Progress) -> None:
    """Warn of test rows that the sample submission does not list, and refuse a sample with rows that the test set lacks.

    Raises:
        DataError: with the first ids that only one of them has.
    """
    sample = frames.sample_submission
    if sample is None:
        return
    expected, test = set(sample[competition.submission.id]), set(data.ids(frames.test, competition.files.test))
    if more := test - expected:
        progress.warn(
            f"{plural(len(more), 'id')} of the test set not in the sample submission: {listed(sorted(more))}; the submission "
            "has the rows of the sample"
        )
    if lacking := expected - test:
        raise DataError(
            f"test set and sample submission differ: {plural(len(lacking), 'id')} of the sample submission not in the test "
            f"set: {listed(sorted(lacking))}. Get the files again"
        )


def check(competition: Competition, made: Path | DataFrame, frames: data.Frames) -> None:
    """Raise if a submission, a file or a frame, does not fit the sample submission.

    Raises:
        SubmissionError: with the first problem and how many there are.
    """
    from common.submission.checks import validate

    if frames.sample_submission is None:
        return
    if problems := validate(made, frames.sample_submission, competition.submission):
        name = made if isinstance(made, Path) else "the submission"
        raise SubmissionError(f"{name} has {len(problems)} problems, the first: {problems[0].message}")
