"""fastai's Learner in the kit: progress, deadline, precision, learning-rate finder.

Whatever data and model a competition gives its learner, this module decides what is shown, when training stops and
in which precision it runs. `common.huggingface.training` is the same for Hugging Face's Trainer.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.fp16 import MixedPrecision
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import minimum, slide, steep, valley
from fastai.learner import Learner, Recorder

from common import precision
from common.model import Context
from common.precision import Precision

POINTS = 100  # of a learning curve, at most
SUGGESTIONS = {"valley": valley, "slide": slide, "minimum": minimum, "steep": steep}


@dataclass(frozen=True, kw_only=True)
class RateSearch:
    """What a learning-rate finder tried, and the rates that its rules suggest by name.

    `setting` is the key that takes a rate (`--set learning_rate=…`); the first rule is the one to follow.
    """

    rates: list[float]
    losses: list[float]
    suggestions: dict[str, float]
    setting: str


class TrainingCallback(Callback):
    """Progress, the learning curve, and the deadline.

    Time for predicting is kept back: half an epoch's, and ten seconds for writing. `notes` are for the run's record: the
    curve holds [step, smoothed loss], `epochs` what fastai measured after each.
    """

    order = Recorder.order + 10  # the smoothed loss has to be there

    def __init__(self, context: Context, task: Any, steps: int) -> None:
        self.context, self.task, self.steps = context, task, steps
        self.started = time.monotonic()
        self.every = max(1, math.ceil(steps / POINTS))
        self.step = 0
        self.notes: dict[str, Any] = {"curve": [], "epochs": []}

    def before_fit(self) -> None:
        """Begin no further stage once the time is up."""
        if "stopped_early" in self.notes:
            raise CancelFitException

    def after_batch(self) -> None:
        """Count, report, and stop in time."""
        if not self.training:
            return
        self.step += 1
        loss = float(self.smooth_loss)
        if self.step % self.every == 0:
            self.notes["curve"].append([self.step, round(loss, 5)])
        self.task.advance(1, loss=loss)
        epoch = (time.monotonic() - self.started) / self.step * len(self.dls.train)
        if self.step < self.steps and self.context.deadline.passed(10 + epoch / 2):
            self.notes["stopped_early"] = True
            self.context.progress.warn(
                f"{self.context.title}: stopped by the deadline after step {self.step} of {self.steps}"
            )
            raise CancelFitException

    def after_epoch(self) -> None:
        """Keep what was measured on the validation rows."""
        names = list(self.recorder.metric_names)[1:-1]  # without epoch and time
        values = (self.recorder.values or [[]])[-1]
        if len(values) == len(names):
            self.notes["epochs"].append(
                {name: round(float(value), 5) for name, value in zip(names, values, strict=True)}
            )


class Bfloat16(Callback):
    """Automatic mixed precision in bfloat16, which needs no scaling of the loss, on a processor or a GPU."""

    order = MixedPrecision.order

    def before_batch(self) -> None:
        """Enter the context in which PyTorch chooses the precision of every operation."""
        self.autocast = torch.autocast(self.dls.device.type, torch.bfloat16)
        self.autocast.__enter__()

    def after_pred(self) -> None:
        """Leave it: the loss is computed in single precision."""
        self.autocast.__exit__(None, None, None)
        self.learn.pred = self.pred.float()


def fine_tune(learn: Learner, epochs: int, context: Context, title: str, **options: Any) -> dict[str, Any]:
    """Train one epoch with all but the last group of layers frozen, then `epochs` of everything or until the deadline.

    Returns notes; `options` are `fine_tune`'s of fastai.
    """
    with counted(learn, epochs + 1, context, title) as notes:
        learn.fine_tune(epochs, **options)
    return notes


@contextmanager
def counted(learn: Learner, epochs: int, context: Context, title: str) -> Iterator[dict[str, Any]]:
    """Report so many epochs that are trained inside, and stop in time; yields notes."""
    steps = len(learn.dls.train) * epochs
    with context.progress.task(f"{context.title} · {title}", steps, "steps") as task:
        learn.add_cb(callback := TrainingCallback(context, task, steps))
        yield callback.notes


def quiet(learn: Learner) -> Learner:
    """Return the learner without its own printing: progress and the log are the kit's."""
    learn.remove_cbs([cb for cb in learn.cbs if isinstance(cb, ProgressCallback)])
    learn.logger = _nothing
    return learn


def precise(learn: Learner, requested: Precision) -> Learner:
    """Return the learner with automatic mixed precision, where the requested precision asks for it."""
    dtype = precision.for_training(requested)
    if dtype is not torch.float32:
        learn.add_cb(Bfloat16() if dtype is torch.bfloat16 else MixedPrecision())
    return learn


def find_rate(learn: Learner, context: Context, setting: str, *, steps: int = 100) -> RateSearch:
    """Train on ever larger learning rates until the loss diverges; the learner is afterwards as it was before.

    `setting` is the key of the setting that takes the rate.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2015); the rules are fastai's.
    """
    with context.progress.task("learning-rate finder", steps, "steps") as task:
        learn.add_cb(count := _Count(task))
        rules = tuple(SUGGESTIONS.values())
        with warnings.catch_warnings():
            # fastai reads its weights back and computes its rules by ways of NumPy that are on their way out.
            warnings.simplefilter("ignore", DeprecationWarning)
            suggested = learn.lr_find(num_it=steps, show_plot=False, suggest_funcs=rules)
        learn.remove_cb(count)
    rates, losses = ([float(value) for value in values] for values in (learn.recorder.lrs, learn.recorder.losses))
    names = dict(zip(SUGGESTIONS, suggested, strict=True))
    return RateSearch(
        rates=rates,
        losses=losses,
        suggestions={name: float(value[0] if isinstance(value, tuple) else value) for name, value in names.items()},
        setting=setting,
    )


class _Count(Callback):
    order = TrainingCallback.order

    def __init__(self, task: Any) -> None:
        self.task = task

    def after_batch(self) -> None:
        if self.training:
            self.task.advance(1, loss=float(self.smooth_loss))


def _nothing(*_: Any) -> None:
    pass
