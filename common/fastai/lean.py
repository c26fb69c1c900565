"""fastai's Learner and its Adam for small networks, whose steps take less time than what is done around them.

The same training by the same callbacks, in fewer steps of Python: callbacks are asked only for what they answer, batches are
plain tensors that need no look for what may be hidden in them, and Adam moves all weights at once.
"""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from collections import defaultdict
from typing import Any

import torch
from fastai.callback.core import CancelBatchException
from fastai.learner import CastToTensor, Learner
from fastai.optimizer import Optimizer
from torch import Tensor
from torch.optim.adamw import adamw


class LeanLearner(Learner):
    """A `Learner` of plain tensors; what a batch does to the weights is the same."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"opt_func": FusedAdam} | options)
        self.remove_cbs([callback for callback in self.cbs if isinstance(callback, CastToTensor)])

    def all_batches(self) -> None:
        """Go through the batches, and ask those callbacks that have an answer."""
        self.n_iter = len(self.dl)
        self.answers = defaultdict(list)
        for callback in self.cbs.sorted("order"):
            if callback.run and (callback.run_train if self.training else callback.run_valid):
                for event in _EVENTS:
                    if callable(answer := getattr(callback, event, None)):
                        self.answers[event].append(answer)
        try:
            for number, batch in enumerate(self.dl):
                self.one_batch(number, batch)
        finally:
            del self.answers

    def one_batch(self, i: int, b: tuple[Tensor, ...]) -> None:
        """Predict and, in training, take a step."""
        self.iter, device = i, self.dls.device
        parts = [part.to(device) for part in b]
        self.xb, self.yb = tuple(parts[: self.dls.n_inp]), tuple(parts[self.dls.n_inp :])
        self._with_events(self._do_one_batch, "batch", CancelBatchException)

    def _do_one_batch(self) -> None:
        self.pred = self.model(*self.xb)
        self("after_pred")
        self.loss_grad = self.loss_func(self.pred, *self.yb)
        self.loss = self.loss_grad.detach()
        self("after_loss")
        if self.training:
            self._do_grad_opt()

    def __call__(self, event_name: Any) -> None:
        """Ask the callbacks."""
        if event_name in _EVENTS and "answers" in self.__dict__:
            for answer in self.answers.get(event_name, ()):
                answer()
        else:
            super().__call__(event_name)


_EVENTS = frozenset(
    f"{when}_{what}" for what in ("batch", "pred", "loss", "backward", "step") for when in ("before", "after", "after_cancel")
)  # fmt: skip


class FusedAdam(Optimizer):
    """fastai's Adam, with its settings; PyTorch's own code takes the step of all weights at once."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, [_unused], lr=lr, mom=0.9, sqr_mom=0.99, eps=1e-5, wd=0.01)

    def step(self, closure: Any = None) -> None:
        """Take a step."""
        for parameters, hyper in zip(self.param_lists, self.hypers, strict=True):
            learning = [parameter for parameter in parameters if parameter.grad is not None]
            kept = [parameter for parameter in learning if not self.state[parameter].get("do_wd", True)]
            if kept:
                self._step(kept, **{**hyper, "wd": 0.0})
                learning = [parameter for parameter in learning if self.state[parameter].get("do_wd", True)]
            if learning:
                self._step(learning, **hyper)

    def _step(
        self, parameters: list[Tensor], *, lr: float, mom: float, sqr_mom: float, eps: float, wd: float, **_: Any
    ) -> None:
        states = [self.state[parameter] for parameter in parameters]
        for parameter, state in zip(parameters, states, strict=True):
            if "step" not in state:
                state |= {
                    "grad_avg": torch.zeros_like(parameter), "sqr_avg": torch.zeros_like(parameter),
                    "step": torch.zeros((), device=parameter.device),
                }  # fmt: skip
        averages, squares, steps = ([state[name] for state in states] for name in ("grad_avg", "sqr_avg", "step"))
        adamw(
            parameters, [parameter.grad for parameter in parameters], averages, squares, [], steps, fused=True,
            amsgrad=False, beta1=mom, beta2=sqr_mom, lr=lr, weight_decay=wd, eps=eps, maximize=False,
        )  # fmt: skip

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameters in self.param_lists:
            for parameter in parameters:
                parameter.grad = None


def _unused(p: Tensor, **_: Any) -> None:
    """Stand for a step of one weight, of which there is none."""


_unused.defaults = {}  # type: ignore[attr-defined]  # as fastai has them
