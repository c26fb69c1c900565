"""What a competition's `model.py` offers: `MODELS`, an object of a class derived from `Models`.

The pipeline calls its hooks in this order: `enrich` before the split, `prepare` once for all folds, `build` for each
fold, `illustrate` at the end. `load` reads a fold's model again, for `kit predict` and `kit explain`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from common.deadline import Deadline
from common.environment import Environment
from common.errors import SettingError
from common.progress import Progress

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.competition import Config
    from common.data.frames import Frames
    from common.fastai.learner import RateSearch
    from common.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a model may use besides its settings.

    `run` is the run's folder, where `prepare` keeps what prediction needs too (a tokenizer, say); `folder` is where
    this fold keeps checkpoints until it is finished; `cache` is shared by all runs of the competition. `stage` is the
    only one of the profile's stages to run, or None for all. `classes` are those of the target, where the competition
    says that classes are predicted, in the order of predictions.
    """

    environment: Environment
    cache: Path
    run: Path
    folder: Path
    deadline: Deadline = field(default_factory=Deadline)
    progress: Progress = field(default_factory=Progress)
    title: str = ""
    stage: str | None = None
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, competition: str, environment: Environment, run: Path | None = None, **more: Any) -> Context:
        """Return the context of a competition, by name, in a run's folder, or before there is one.

        `more` are fields of the context.
        """
        cache = environment.cache / competition
        run = run or cache
        return cls(**{"environment": environment, "cache": cache, "run": run, "folder": run, **more})

    def titled(self, title: str) -> Context:
        """Return the same context under another title."""
        return replace(self, title=title)


@dataclass(frozen=True)
class Prepared:
    """What `Models.prepare` returns: the frames as the folds see them, and notes on each stage for the run's record."""

    frames: Frames
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reasons:
    """What a model's predictions rest on, as features in words and what each adds.

    `overall` holds the strongest features by the answer that they speak for, `rows` those of each row asked about: what
    speaks for the second class (or a higher number) is positive.
    """

    overall: Mapping[str, Sequence[tuple[str, float]]]
    rows: Sequence[Sequence[tuple[str, float]]]


class Model(ABC):
    """One model of one fold. `notes` are for the fold's record; `stopped_early` among them says that time ran out."""

    notes: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train on prepared rows; `valid` is for measuring only. Continues from `context.folder` if it was cut off."""

    @abstractmethod
    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return predictions for n prepared rows: (n,) or (n, classes)."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write what `Models.load` needs into an existing folder, in safe formats only."""

    def explain(self, frame: DataFrame, top: int) -> Reasons | None:
        """Return what the predictions for n prepared rows rest on, `top` features each, if the model can tell."""
        return None


class Models(ABC):
    """The models of a competition, one for each profile's settings.

    What a subclass adds for itself has a name with a leading underscore: a public name that is no hook is refused when
    the class is made, so that a misspelt hook is never skipped.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        hooks = {name for name in vars(Models) if not name.startswith("_")}
        unknown = sorted(
            name
            for name, value in vars(cls).items()
            if callable(value) and not name.startswith("_") and name not in hooks
        )
        if unknown:
            raise TypeError(f"{cls.__name__} has no hook {unknown[0]!r}; hooks: {', '.join(sorted(hooks))}")

    @abstractmethod
    def build(self, config: Config, frames: Frames, context: Context) -> Model:
        """Return a fresh model for one fold."""

    @abstractmethod
    def load(self, folder: Path, config: Config, context: Context) -> Model:
        """Return a model that `Model.save` wrote."""

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Return the frames with the columns that the split and the leakage check need.

        Training rows that cannot be used may be left out, test rows never. The run's folder is not there yet, so that
        what is refused here leaves nothing behind.
        """
        return frames

    def prepare(self, frames: Frames, config: Config, context: Context) -> Prepared:
        """Do once what all folds share, such as tokenising or an earlier stage."""
        return Prepared(frames)

    def illustrate(self, frames: Frames, run: Run, context: Context) -> None:  # noqa: B027  by default there are none
        """Draw figures of a finished run into its folder."""

    def lr_find(self, frames: Frames, config: Config, context: Context) -> RateSearch:
        """Return what a learning-rate finder sees on the first fold, for `kit lr-find`.

        Raises:
            SettingError: if there is none for these settings.
        """
        raise SettingError("this competition offers no learning-rate finder")

    def generate(
        self, text: str, config: Config, context: Context, *, words: int, temperature: float, seed: int | None = None
    ) -> str:
        """Return a text that the run's language model continues, for `kit generate`.

        Raises:
            SettingError: if there is none for these settings.
        """
        raise SettingError("this competition offers no language model")
