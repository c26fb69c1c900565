"""Predictions of a saved run for any test set, and submissions made of predictions."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from common import data, registry, submission
from common.competition import Competition, Config
from common.config import restore
from common.deadline import Deadline
from common.environment import Environment
from common.errors import RunError, SubmissionError
from common.model import Context
from common.progress import Progress
from common.runs.run import Run

if TYPE_CHECKING:
    from pandas import DataFrame


def predict(
    competition: Competition, folder: Path, frames: data.Frames, environment: Environment, progress: Progress
) -> DataFrame:
    """Return the submission that a saved run makes for another test set, as the hidden rerun does.

    Raises:
        RunError: if the folder holds no finished fold of this competition.
    """
    saved, config, module, context = opened(competition, folder, environment, progress)
    frames = prepare(module, enrich(module, frames, config, context), config, context)
    total: Any = 0.0
    finished = saved.finished()
    for number in finished:
        model = module.load(saved.fold(number) / "model", config, context.titled(f"fold {number}"))
        total = total + model.predict(frames.test)
    return as_submission(competition, frames, total / len(finished))


def opened(
    competition: Competition, folder: Path, environment: Environment, progress: Progress
) -> tuple[Run, Config, ModuleType, Context]:
    """Return a saved run with its settings, and the models' module and context for it.

    Raises:
        RunError: if the folder holds no finished fold of this competition.
    """
    saved = Run.open(folder)
    if saved.record["competition"] != competition.name:
        raise RunError(f"{folder} is a run of {saved.record['competition']}, not of {competition.name}")
    if not saved.finished():
        raise RunError(f"{folder} holds no finished fold yet; train it first")
    context = Context(
        environment=environment,
        cache=environment.cache / competition.name,
        run=folder,
        folder=folder,
        deadline=Deadline(),
        progress=progress,
    )
    config = restore(competition, saved.record["profile"], saved.record["settings"])
    return saved, config, registry.model(competition.name), context


def enrich(module: ModuleType, frames: data.Frames, config: Config, context: Context) -> data.Frames:
    """Return the frames as a competition's `enrich` makes them, or as they are where it has none."""
    return _made_by(module, "enrich", frames, config, context)


def prepare(module: ModuleType, frames: data.Frames, config: Config, context: Context) -> data.Frames:
    """Return the frames as a competition's `prepare` makes them, or as they are where it has none."""
    return _made_by(module, "prepare", frames, config, context)


def _made_by(module: ModuleType, step: str, frames: data.Frames, config: Config, context: Context) -> data.Frames:
    made: data.Frames = getattr(module, step)(frames, config, context) if hasattr(module, step) else frames
    return made


def as_submission(competition: Competition, frames: data.Frames, predictions: Any) -> DataFrame:
    """Return predictions of the test set as a submission, in the sample submission's order where there is one."""
    ids = data.ids(frames.test, competition.files.test)
    made = submission.make(ids.tolist(), predictions, competition.submission)
    sample = frames.sample_submission
    if sample is not None and set(order := sample[competition.submission.id]) == set(ids):
        made = made.set_index(competition.submission.id).loc[order].reset_index()
    return made


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
