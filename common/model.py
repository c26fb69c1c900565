"""The contract between the pipeline and a competition's `model.py`.

`model.py` offers

    build(config, frames, context) -> Model      one fresh model per fold
    load(folder, config, context) -> Model       a model that `save` wrote
    enrich(frames, config, context) -> Frames    optional, before the split: columns that it and the leakage check need
    prepare(frames, config, context) -> Frames   optional, after it: what all folds share, such as a tokenizer
    illustrate(frames, run, context) -> None     optional, at the end: figures of the run, in its folder
    lr_find(frames, config, context) -> common.fastai.learner.RateSearch    optional: for `kit lr-find`, before any training

`enrich` may leave out training rows that cannot be used, never test rows. The run's folder is not there yet, so that what is
refused here leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from common.deadline import Deadline
from common.environment import Environment
from common.progress import Progress

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.competition import Config
    from common.data.frames import Frames


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a model may use besides its settings.

    `run` is the run's folder, where `prepare` keeps what prediction needs too (a tokenizer, say);
    `folder` is where this fold keeps checkpoints until it is finished; `cache` is shared by all runs. `stage` is the
    only one of the profile's stages to run, or None for all; `prepare` puts what it did for each into `notes`.
    """

    environment: Environment
    cache: Path
    run: Path
    folder: Path
    deadline: Deadline
    progress: Progress
    title: str = ""
    stage: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def titled(self, title: str) -> Context:
        """Return the same context under another title."""
        return replace(self, title=title)


class Model(Protocol):
    """One model of one fold."""

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train on prepared rows; `valid` is for measuring only. Continues from `context.folder` if it was cut off."""

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return predictions for n prepared rows: (n,) or (n, classes)."""

    def save(self, folder: Path) -> None:
        """Write what `load` needs into an existing folder, in safe formats only."""


@dataclass(frozen=True)
class Reasons:
    """What a model's predictions rest on, as features in words and what each adds.

    `overall` holds the strongest features by the answer that they speak for, `rows` those of each row asked about: what
    speaks for the second class (or a higher number) is positive. A model that can tell has a method
    `explain(frame, top) -> Reasons` for n prepared rows.
    """

    overall: Mapping[str, Sequence[tuple[str, float]]]
    rows: Sequence[Sequence[tuple[str, float]]]


def by_family(
    family: Callable[[Config], Any],
) -> tuple[Callable[[Config, Frames, Context], Model], Callable[[Path, Config, Context], Model]]:
    """Return `build` and `load` where the settings decide on a class that takes them and the context.

    The class has to have `load(folder, config, context)`, which returns one of it.
    """

    def build(config: Config, frames: Frames, context: Context) -> Model:
        model: Model = family(config)(config, context)
        return model

    def load(folder: Path, config: Config, context: Context) -> Model:
        model: Model = family(config).load(folder, config, context)
        return model

    return build, load
