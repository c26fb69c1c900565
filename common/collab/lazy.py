"""Adam for embeddings, at the cost of the rows that a batch looks at.

Adam moves every row in every step, whether a batch looks at it or not: its averages die away over many steps. Of ten
thousand items a batch looks at sixty. Here only those are moved, and what a row has missed since it was last looked at is
made up for before it is looked at again, at the rate of that moment: nearly the same weights, in a fraction of the time.
"""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from typing import Any

import torch
from fastai.callback.core import Callback
from fastai.optimizer import Optimizer
from torch import Tensor

MOST = 60  # missed steps in which the averages still move a row: after those 5 % are left of it, or far less


def lazy_adam(params: Any, lr: float) -> Optimizer:
    """Return fastai's Adam for embeddings with sparse gradients, with fastai's own settings."""
    return Optimizer(params, [_step], lr=lr, mom=0.9, sqr_mom=0.99, eps=1e-5, wd=0.01)


class CatchUp(Callback):
    """Make up for missed steps: of the rows of a batch before it, of all before validation and at the end."""

    def before_batch(self) -> None:
        """Bring the rows of this batch up to date."""
        if self.training:
            users, items = (torch.unique(places) for places in self.xb[0].unbind(1))
            model = self.model
            for module, rows in (
                (model.u_weight, users), (model.i_weight, items), (model.u_bias, users), (model.i_bias, items)
            ):  # fmt: skip
                self._bring(module.weight, rows)

    def before_validate(self) -> None:
        """Bring all rows up to date."""
        for weight in self.model.parameters():
            self._bring(weight, torch.arange(len(weight), device=weight.device))

    def after_fit(self) -> None:
        """Bring all rows up to date."""
        self.before_validate()

    def _bring(self, weight: Tensor, rows: Tensor) -> None:
        if "average" in (state := self.opt.state[weight]):
            _caught_up(weight, rows, **{**self.opt.hypers[0], **state})


def _step(
    p: Tensor, lr: float, mom: float, sqr_mom: float, eps: float, wd: float, average: Tensor | None = None,
    square: Tensor | None = None, seen: Tensor | None = None, steps: int = 0, **_: Any,
) -> dict[str, Any]:  # fmt: skip
    """Take one step of Adam with the rows of the gradient, which have missed none."""
    if average is None or square is None or seen is None:
        average, square = torch.zeros_like(p), torch.zeros_like(p)
        seen = torch.zeros(len(p), dtype=torch.long, device=p.device)
    gradient, steps = p.grad.coalesce(), steps + 1
    rows, values = gradient.indices()[0], gradient.values()
    average[rows] = mean = average[rows] * mom + values * (1 - mom)
    square[rows] = mean_square = square[rows] * sqr_mom + values**2 * (1 - sqr_mom)
    scale = (mean_square / (1 - sqr_mom**steps)).sqrt() + eps
    p.data[rows] = p.data[rows] * (1 - lr * wd) - lr / (1 - mom**steps) * mean / scale
    seen[rows] = steps
    p.grad = None
    return {"average": average, "square": square, "seen": seen, "steps": steps}


_step.defaults = {}  # type: ignore[attr-defined]  # as fastai has them


def _caught_up(
    p: Tensor, rows: Tensor, lr: float, mom: float, sqr_mom: float, eps: float, wd: float, average: Tensor,
    square: Tensor, seen: Tensor, steps: int, **_: Any,
) -> None:  # fmt: skip
    """Take the steps, without a gradient, that rows have missed."""
    missed = steps - seen[rows]
    rows, missed = rows[missed > 0], missed[missed > 0]
    if not len(rows):
        return
    mean, mean_square, count = average[rows], square[rows], missed[:, None].to(p.dtype)
    numbers = torch.arange(1, min(int(missed.max()), MOST) + 1, device=p.device, dtype=p.dtype)[None]  # (1, missed)
    at = (
        seen[rows][:, None] + numbers
    )  # the number of each missed step, which its corrections of the averages depend on
    pace = (numbers <= count) * mom**numbers / (1 - mom**at)
    shrunk = (sqr_mom**numbers / (1 - sqr_mom**at)).sqrt()
    moved = (pace[:, :, None] / (mean_square.sqrt()[:, None] * shrunk[:, :, None] + eps)).sum(1) * mean
    p.data[rows] = p.data[rows] * (1 - lr * wd) ** count - lr * moved
    average[rows], square[rows] = mean * mom**count, mean_square * sqr_mom**count
    seen[rows] = steps
