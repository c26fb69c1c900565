"""Hugging Face's Trainer as the kit uses it: progress, deadline, exact continuation, grouped lengths.

Whatever model and data set a competition gives it, this module decides precision, order of the batches,
checkpoints and when to stop. It uses only what transformers 5.0 and today's release both have.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from common import precision
from common.data import ragged
from common.files import full_disk_reported
from common.model import Context
from common.precision import Precision

WHOLE = "whole"  # a checkpoint with this file in it is complete


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How to train: what `TrainingArguments` takes, and the kit's own switches."""

    epochs: int
    learning_rate: float
    batch_size: int
    eval_batch_size: int
    warmup: float
    weight_decay: float
    precision: Precision
    seed: int
    checkpoint_minutes: float
    max_grad_norm: float = 1.0

    @classmethod
    def of(cls, config: Any, **more: Any) -> Schedule:
        """Return the schedule of a profile's settings, which have the same names; `more` takes precedence."""
        own = {field.name: getattr(config, field.name) for field in fields(cls) if hasattr(config, field.name)}
        return cls(**{**own, **more})


class EpochSampler(Sampler[Any]):
    """Yield `(epoch, row)` pairs in an order that depends on the seed and the epoch alone.

    The data set gets both, so that its augmentation may depend on them: a run that is killed and continued sees
    exactly what an undisturbed one sees. With `lengths`, the rows of a batch have similar lengths.
    """

    def __init__(self, n_rows: int, seed: int, batch_size: int, lengths: Sequence[int] | None) -> None:
        self.n_rows, self.seed, self.batch_size, self.lengths = n_rows, seed, batch_size, lengths
        self.epoch = 0

    def __len__(self) -> int:
        return self.n_rows

    def __iter__(self) -> Iterator[tuple[int, int]]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(self.n_rows, generator=generator).tolist()
        if self.lengths is not None:
            order = self._grouped(order, generator)
        return iter([(self.epoch, row) for row in order])

    def _grouped(self, order: list[int], generator: torch.Generator) -> list[int]:
        batches = [batch.tolist() for batch in ragged.grouped(order, self.lengths or (), self.batch_size)]
        short = batches.pop() if len(batches[-1]) < self.batch_size else []  # only the last batch may be short
        shuffled = torch.randperm(len(batches), generator=generator).tolist()
        return [row for number in shuffled for row in batches[number]] + short


class OneGpu(TrainingArguments):
    """Arguments of a process that uses one GPU.

    Left alone, the Trainer spreads every batch over all GPUs that it sees: another batch size, so another recipe.
    """

    @property
    def n_gpu(self) -> int:
        """The number of GPUs in use, one at most."""
        return min(int(super().n_gpu), 1)


class KitTrainer(Trainer):
    """A Trainer that prints nothing itself and takes its batches from an `EpochSampler`, if it is given one."""

    def __init__(self, *arguments: Any, sampler: EpochSampler | None = None, **options: Any) -> None:
        self.sampler = sampler
        super().__init__(*arguments, **options)
        self.remove_callback(PrinterCallback)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return self.sampler if self.sampler is not None else super()._get_train_sampler(train_dataset)


def arguments(folder: Path, schedule: Schedule, **more: Any) -> TrainingArguments:
    """Return the Trainer's arguments: nothing is reported anywhere, checkpoints are saved on demand only."""
    dtype = precision.for_training(schedule.precision)
    return OneGpu(
        output_dir=str(folder),
        num_train_epochs=schedule.epochs,
        learning_rate=schedule.learning_rate,
        per_device_train_batch_size=schedule.batch_size,
        per_device_eval_batch_size=schedule.eval_batch_size,
        warmup_steps=schedule.warmup,
        lr_scheduler_type="cosine",
        weight_decay=schedule.weight_decay,
        max_grad_norm=schedule.max_grad_norm,
        seed=schedule.seed,
        data_seed=schedule.seed,
        save_strategy="no",
        logging_steps=10,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        use_cpu=not torch.cuda.is_available(),
        fp16=dtype is torch.float16,
        bf16=dtype is torch.bfloat16,
        **more,
    )


def trainer(
    network: Any,
    folder: Path,
    schedule: Schedule,
    collator: Any,
    head_learning_rate: float,
    data: Any = None,
    lengths: Sequence[int] | None = None,
) -> KitTrainer:
    """Return a trainer of a network with a `head`; `data` of some lengths is to train on, without it it predicts."""
    sampler = None if data is None else EpochSampler(len(data), schedule.seed, schedule.batch_size, lengths)
    return KitTrainer(
        network,
        arguments(folder, schedule, remove_unused_columns=False, label_names=["labels"]),
        sampler=sampler,
        train_dataset=data,
        data_collator=collator,
        optimizers=(_optimizer(network, schedule, head_learning_rate), None),
    )


def fit(trainer: Trainer, context: Context, n_rows: int, schedule: Schedule, *, passes: int = 1) -> dict[str, Any]:
    """Train to the end or the deadline, from the last complete checkpoint if there is one; return notes for the record.

    `passes` is how often all rows will be predicted afterwards, for which time is reserved.
    """
    folder = Path(str(trainer.args.output_dir))
    last = _last_checkpoint(folder)
    with context.progress.task(f"{context.title} · train", n_rows * schedule.epochs) as task:
        callback = _RunCallback(trainer, context, task, n_rows, schedule, passes)
        trainer.add_callback(callback)
        with full_disk_reported(folder):
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    state = trainer.state
    notes: dict[str, Any] = {
        "steps": state.global_step, "steps_planned": state.max_steps,
        "curve": [[entry["step"], round(entry["loss"], 5)] for entry in state.log_history if "loss" in entry],
    }  # fmt: skip
    if callback.out_of_time:
        notes["stopped_early"] = True
        context.progress.warn(
            f"{context.title}: stopped by the deadline after step {notes['steps']} of {notes['steps_planned']}"
        )
    return notes


class _RunCallback(TrainerCallback):
    """Progress, checkpoints by the clock, and the deadline."""

    def __init__(
        self, trainer: Trainer, context: Context, task: Any, n_rows: int, schedule: Schedule, passes: int
    ) -> None:
        self.trainer, self.context, self.task = trainer, context, task
        self.n_rows, self.schedule, self.passes = n_rows, schedule, passes
        self.out_of_time = False
        self.saved_at = time.monotonic()
        self.first_step = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.first_step = state.global_step
        self.started = time.monotonic()
        self.task.begin_at(self._rows(state))

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if isinstance(sampler := getattr(self.trainer, "sampler", None), EpochSampler):
            sampler.epoch = math.floor((state.epoch or 0) + 1e-6)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        losses = [entry["loss"] for entry in state.log_history[-3:] if "loss" in entry]
        figures = {"loss": losses[-1]} if losses else {}
        self.task.advance(self._rows(state) - self.task.done, **figures)
        if state.global_step < state.max_steps:
            if self.context.deadline.passed(self._reserve(state)):
                self.out_of_time = control.should_training_stop = True
            elif time.monotonic() - self.saved_at >= self.schedule.checkpoint_minutes * 60:
                # Not at an epoch's end: an evaluation follows there that draws random numbers, as going on does not.
                control.should_save = not math.isclose(state.epoch, round(state.epoch), abs_tol=1e-6)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.saved_at = time.monotonic()
        folder = Path(args.output_dir)
        newest = folder / f"checkpoint-{state.global_step}"
        (newest / WHOLE).touch()
        for old in folder.glob("checkpoint-*"):
            if old != newest:
                shutil.rmtree(old, ignore_errors=True)

    def _rows(self, state: Any) -> int:
        rows: int = round(state.global_step / max(state.max_steps, 1) * self.n_rows * self.schedule.epochs)
        return rows

    def _reserve(self, state: Any) -> float:
        """Return the seconds to reserve for prediction, which takes a third of training's time per row.

        All rows, also those of the test set, are predicted once in every pass; half as much again is a margin.
        """
        steps = max(state.global_step - self.first_step, 1)
        per_epoch = (time.monotonic() - self.started) / steps * state.max_steps / self.schedule.epochs
        return float(10 + per_epoch / 3 * 1.5 * self.passes)


def _optimizer(network: Any, schedule: Schedule, head_learning_rate: float) -> torch.optim.Optimizer:
    """Return AdamW (fused); vectors (biases, normalisations) are not decayed, as by the Trainer's own optimizer."""
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, parameter in network.named_parameters():
        rate = head_learning_rate if name.startswith("head.") else schedule.learning_rate
        decay = schedule.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    parts = [{"params": own, "lr": rate, "weight_decay": decay} for (rate, decay), own in groups.items()]
    return torch.optim.AdamW(parts, fused=True)


def _last_checkpoint(folder: Path) -> Path | None:
    whole = [path for path in folder.glob("checkpoint-*") if (path / WHOLE).is_file() and _readable(path)]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _readable(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
