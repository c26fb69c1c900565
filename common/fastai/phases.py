"""Training in phases with fastai's Learner, continued exactly after a kill.

A phase unfreezes some groups of layers and goes through one cycle of learning rates. A run that is killed and continued
ends as an undisturbed one, bit for bit on a CPU; `common.fastai.checkpoints` says how.

Under `accelerate launch` every process trains on its part of each batch, and only the main one writes; checkpoints are
then made after every epoch, where the processes have nothing of their own to keep, and not within one.
"""

from __future__ import annotations

# isort: split
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from fastai.callback.core import Callback
from fastai.learner import Learner

from common import processes
from common.fastai.checkpoints import CheckpointCallback, Reserve
from common.model import Context


class Loader(Protocol):
    """What a learner's loader of training batches has to offer."""

    epoch: int  # which decides the order
    start: int  # the first batch of the epoch that is still to come

    def __len__(self) -> int:
        """Return the batches of a whole epoch."""

    @property
    def sizes(self) -> Sequence[int]:
        """The units (words, say) in each batch of the epoch."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One cycle: `groups` counts the groups of layers that learn, from the last; 0 is all of them.

    The last group learns at `rate`, the first at `rate / spread`, those between evenly spread by their ratio.
    `spread=None` gives every group the same rate. `start` is the fraction of the cycle in which the rate rises, from
    `rate / divide`.
    """

    epochs: int
    rate: float
    groups: int = 0
    spread: float | None = None
    start: float = 0.25
    divide: float = 25.0

    @property
    def rates(self) -> float | slice:
        """What `fit_one_cycle` takes."""
        return self.rate if self.spread is None else slice(self.rate / self.spread, self.rate)


def fit(
    learn: Learner,
    phases: Sequence[Phase],
    context: Context,
    *,
    key: str,
    seed: int,
    minutes: float,
    unit: str,
    reserve: Reserve,
) -> dict[str, Any]:
    """Train to the end, to the deadline, or on from the last checkpoint in `context.folder`; return notes for the record.

    Args:
        learn: the learner; its training loader is a `Loader`, its loss function has `counted` and `correct`, how many
            targets the last batch had, and how many of them were the likeliest (None for numbers).
        phases: in their order.
        context: where checkpoints are kept, the deadline, and the progress.
        key: what the weights mean (a vocabulary's digest, say); a checkpoint with another one is not continued.
        seed: of every epoch's random numbers, together with its number.
        minutes: between two checkpoints.
        unit: what is counted.
        reserve: seconds to keep back before the deadline, from the units that so far pass forward in a second.
    """
    callback = CheckpointCallback(context, key, seed, minutes, reserve)
    callback.restore(learn)
    epochs = [phase.epochs for phase in phases]
    total = sum(epochs) * sum(learn.dls.train.sizes)
    learn.add_cb(callback)
    if processes.count() > 1:
        learn.add_cb(_Distributed())
    with context.progress.task(context.title, total, unit) as callback.task:
        callback.task.begin_at(callback.done(epochs, learn.dls.train))
        for number, phase in enumerate(phases):
            if phase.epochs and number >= callback.phase and not callback.out_of_time:
                callback.begin(number, sum(epochs[:number]))
                learn.freeze_to(-phase.groups)
                learn.fit_one_cycle(
                    phase.epochs, phase.rates, div=phase.divide, pct_start=phase.start, start_epoch=callback.first_epoch
                )
    learn.remove_cbs([cb for cb in learn.cbs if isinstance(cb, (CheckpointCallback, _Distributed))])
    return callback.notes()


def forget(folder: Path) -> None:
    """Remove the checkpoints that a finished stage no longer needs, with what a kill has left half written."""
    if processes.is_main():
        shutil.rmtree(folder, ignore_errors=True)


class _Distributed(Callback):
    """The model of every process learns what all of them see; fastai's own way needs a GPU."""

    order = 11  # after mixed precision

    def before_fit(self) -> None:
        """Connect the processes' models."""
        import fastai.distributed  # noqa: F401  gives models that are spread over processes the `reset` that recurrent ones need
        from accelerate import Accelerator

        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        self.alone = self.model
        self.learn.model = self.accelerator.prepare(self.model)

    def after_fit(self) -> None:
        """Give the learner its own model back."""
        self.learn.model = self.alone
