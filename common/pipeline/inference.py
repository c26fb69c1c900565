"""Predictions of a saved run for any test set, and submissions made of predictions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import data, registry, submission
from common.competition import Competition, Config
from common.config import restore
from common.environment import Environment
from common.errors import DataError, KitError, RunError, SubmissionError
from common.model import Context, Models
from common.progress import Progress
from common.runs.run import Run
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
    saved, config, models, context = load(competition, folder, environment, progress)
    enriched = models.enrich(frames, config, context)
    total: Any = 0.0
    finished = saved.finished()
    with using(folder):
        test = models.prepare(enriched, config, context).frames.test
        for number in finished:
            model = models.load(saved.fold(number) / "model", config, context.titled(f"fold {number}"))
            total = total + model.predict(test)
    return as_submission(competition, enriched, total / len(finished))


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
    context = Context.of(competition.name, environment, folder, progress=progress)
    return saved, config, registry.models(competition.name), context


def as_submission(competition: Competition, frames: data.Frames, predictions: Any) -> DataFrame:
    """Return predictions of the test set as a submission, in the sample submission's order where there is one."""
    ids = data.ids(frames.test, competition.files.test)
    made = submission.make(ids.tolist(), predictions, competition.submission)
    sample = frames.sample_submission
    if sample is not None and set(order := sample[competition.submission.id]) == set(ids):
        made = made.set_index(competition.submission.id).loc[order].reset_index()
    return made


def require_same_rows(competition: Competition, frames: data.Frames) -> None:
    """Raise if test set and sample submission do not hold the same rows, which no submission could satisfy.

    Raises:
        DataError: with the first ids that only one of them has.
    """
    sample = frames.sample_submission
    if sample is None:
        return
    expected, test = set(sample[competition.submission.id]), set(data.ids(frames.test, competition.files.test))
    if expected != test:
        only = [("sample submission", "test set", expected - test), ("test set", "sample submission", test - expected)]
        differences = [
            f"{plural(len(ids), 'id')} of the {a} not in the {b}: {listed(sorted(ids))}" for a, b, ids in only if ids
        ]
        raise DataError(f"test set and sample submission differ: {'; '.join(differences)}. Get the files again")


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
