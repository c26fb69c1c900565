"""What makes training with fastai's Learner go on exactly after a kill: seeds, and checkpoints with all that counts.

Every epoch begins with a seed of its own and batches that depend on seed and epoch alone; a checkpoint holds the rest:
weights, the optimiser's state, random state and the place in the epoch.
"""

from __future__ import annotations

# isort: split
import time
from collections.abc import Callable, Sequence
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.learner import Learner

from common import processes
from common.files import atomic_write
from common.model import Context

CHECKPOINT = "checkpoint.pt"
Reserve = Callable[[float], float]
_TOGETHER = 10  # batches after which several processes agree whether there is time left


class CheckpointCallback(Callback):
    """Seeds, batches, checkpoints, the deadline, and what is measured after every epoch."""

    order = 80  # after all that computes

    def __init__(self, context: Context, key: str, seed: int, minutes: float, reserve: Reserve) -> None:
        self.context, self.key, self.seed, self.seconds, self.reserve = context, key, seed, minutes * 60, reserve
        self.phase = self.first_epoch = self.before = self.batch = 0
        self.history: list[dict[str, Any]] = []
        self.state: dict[str, Any] | None = None  # of the checkpoint, until it is restored
        self.out_of_time = False
        self.task: Any = None
        self.saved_at = time.monotonic()
        self.sums = [0.0, 0.0, 0.0]  # of losses, of targets that were the likeliest, of targets

    def restore(self, learn: Learner) -> None:
        """Read the checkpoint, if there is a whole one of the same key and shape; else the model stays as it is."""
        path = self.context.folder / CHECKPOINT
        if not path.is_file():
            return
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            shapes = [
                {name: value.shape for name, value in each.items()}
                for each in (state["model"], learn.model.state_dict())
            ]
            fits = state["key"] == self.key and shapes[0] == shapes[1]
        except (OSError, RuntimeError, KeyError, EOFError, UnpicklingError):
            fits = False  # damaged
        if not fits:
            self.context.progress.warn(f"{self.context.title}: {path} is broken or does not fit; it starts again")
            return
        learn.model.load_state_dict(state["model"])
        self.state, self.history = state, state["history"]
        self.phase, self.first_epoch, self.batch = state["phase"], state["epoch"], state["batch"]

    def done(self, epochs: Sequence[int], loader: Any) -> int:
        """Return the units that an earlier process has trained on, from the epochs of each phase."""
        loader.epoch = sum(epochs[: self.phase]) + self.first_epoch
        return int(loader.epoch * sum(loader.sizes) + sum(list(loader.sizes)[: self.batch]))

    def begin(self, phase: int, before: int) -> None:
        """Begin a phase, `before` epochs after the first."""
        self.before = before
        if phase != self.phase or self.state is None:
            self.first_epoch = self.batch = 0
            self.state = None
        self.phase = phase

    def before_fit(self) -> None:
        """Put back what the checkpoint holds of the optimiser; what is made anew for every fit is there by now."""
        if self.state is None or self.n_epoch < 1:
            return
        for parameter, values in zip(self._parameters(), self.state["optimiser"], strict=True):
            self.opt.state[parameter] = {
                name: value.to(parameter.device) if isinstance(value, torch.Tensor) else value
                for name, value in values.items()
            }
        if self.state.get("scaler") and hasattr(self.learn, "scaler"):
            self.learn.scaler.load_state_dict(self.state["scaler"])

    def before_train(self) -> None:
        """Start an epoch, or go on within one."""
        number = self.before + self.epoch
        self.dls.train.epoch, self.dls.train.start = number, 0
        self.began = time.monotonic()
        self.sums, self.units, self.passing = [0.0, 0.0, 0.0], 0, 0.0
        # Every process draws its own dropout.
        mixed = np.random.SeedSequence([self.seed, number, processes.rank()]).generate_state(1)[0]
        torch.manual_seed(int(mixed))
        if self.state is not None and self.epoch == self.first_epoch:
            self.dls.train.start = self.batch
            if self.batch:
                self.learn.pct_train, self.sums = self.state["progress"], self.state["sums"]
                _set_hidden(self.model, self.state["hidden"], self.dls.device)
                _set_random(self.state["random"])
            self.state = None
        self.batch = self.dls.train.start

    def before_batch(self) -> None:
        """Note when the forward pass begins."""
        self.batch_began = time.monotonic()

    def after_loss(self) -> None:
        """Sum up what is measured."""
        counted = self.loss_func.counted
        self.sums[0] += float(self.loss.detach()) * counted  # which waits until a GPU is done with the pass
        self.sums[1] += self.loss_func.correct or 0
        self.sums[2] += counted
        if self.batch > self.dls.train.start:  # the first pass of all may be ever so slow
            self.passing += time.monotonic() - self.batch_began

    def after_batch(self) -> None:
        """Count, report, keep a checkpoint by the clock, and stop in time."""
        if not self.training:
            return
        units = self.dls.train.sizes[self.batch]
        self.batch, self.units = self.batch + 1, self.units + units
        self.task.advance(units, loss=self.sums[0] / self.sums[2])
        alone = processes.count() == 1
        if (alone or self.batch % _TOGETHER == 0) and self._time_is_up():
            self.out_of_time = True
            if alone:
                self._save(self.epoch, self.batch)
            self.context.progress.warn(
                f"{self.context.title}: stopped by the deadline after {self.task.done:,} of {self.task.total:,} "
                f"{self.task.unit}" + ("" if alone else "; continued, it begins this epoch again")
            )
            raise CancelFitException
        if alone and self.batch < len(self.dls.train) and time.monotonic() - self.saved_at >= self.seconds:
            self._save(self.epoch, self.batch)

    def before_validate(self) -> None:
        """Note what training measured, and measure anew."""
        spent = time.monotonic() - self.began
        self.row = {
            "epoch": self.before + self.epoch + 1,
            "train_loss": self._means()[0],
            "seconds": round(spent, 2),
            "per_second": round(self.units / max(spent, 1e-9), 1),
        }
        self.sums = [0.0, 0.0, 0.0]

    def after_validate(self) -> None:
        """Keep the epoch's row, and a checkpoint."""
        self.row["valid_loss"], accuracy = self._means()
        if self.loss_func.correct is not None:
            self.row["accuracy"] = accuracy
        self.history.append(self.row)
        shown = "  ".join(
            f"{name} {value:.4f}"
            for name, value in self.row.items()
            if name in ("train_loss", "valid_loss", "accuracy")
        )
        self.context.progress.say(f"{self.context.title} · epoch {self.row['epoch']}: {shown}")
        if processes.count() > 1 or time.monotonic() - self.saved_at >= self.seconds:
            last = self.epoch + 1 == self.n_epoch
            self._save(0 if last else self.epoch + 1, 0, self.phase + last)

    def notes(self) -> dict[str, Any]:
        """Return what goes into the record."""
        return {"epochs": self.history} | ({"stopped_early": True} if self.out_of_time else {})

    def _means(self) -> tuple[float, float]:
        """Return the mean loss of all processes, and the fraction of targets that were the likeliest."""
        loss, correct, counted = processes.total(self.sums)
        counted = max(counted, 1.0)
        return round(loss / counted, 6), round(correct / counted, 6)

    def _time_is_up(self) -> bool:
        speed = self.units / max(self.passing, 1e-9)
        return bool(processes.agree(self.context.deadline.passed(self.reserve(speed))))

    def _parameters(self) -> list[Any]:
        return [parameter for parameter, *_ in self.opt.all_params()]

    def _save(self, epoch: int, batch: int, phase: int | None = None) -> None:
        """Write a checkpoint, whole or not at all."""
        if not processes.is_main():
            return
        model: Any = getattr(self.model, "module", self.model) if processes.count() > 1 else self.model
        fresh = phase is not None and phase != self.phase  # the next phase starts without the optimiser's memory
        scaler = getattr(self.learn, "scaler", None)
        state = {
            "key": self.key,
            "phase": self.phase if phase is None else phase,
            "epoch": epoch,
            "batch": batch,
            "model": model.state_dict(),
            "optimiser": [{} if fresh else _plain(self.opt.state[parameter]) for parameter in self._parameters()],
            "history": self.history,
            "progress": float(self.pct_train),
            "sums": self.sums,
            "hidden": _hidden(self.model) if batch else None,
            "random": _random(),
            "scaler": scaler.state_dict() if scaler is not None else None,
        }
        with atomic_write(self.context.folder / CHECKPOINT) as handle:
            torch.save(state, handle)
        self.saved_at = time.monotonic()


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """Return an optimiser's state of one parameter as tensors and plain numbers, which load without running code."""
    return {
        name: value if isinstance(value, (torch.Tensor, bool, int)) else float(value) for name, value in state.items()
    }


def _random() -> dict[str, Any]:
    gpu = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
    return {"cpu": torch.get_rng_state(), "gpu": gpu}


def _set_random(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if state["gpu"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["gpu"])


def _hidden(model: Any) -> list[Any]:
    """Return the state that a recurrent model keeps from batch to batch."""
    return [[[v.cpu() for v in pair] for pair in part.hidden] for part in model.modules() if hasattr(part, "hidden")]


def _set_hidden(model: Any, states: list[Any], device: Any) -> None:
    parts = [part for part in model.modules() if hasattr(part, "hidden")]
    for part, hidden in zip(parts, states, strict=True):
        part.hidden = [tuple(value.to(device) for value in pair) for pair in hidden]
        part.bs = hidden[0][0].shape[1]
