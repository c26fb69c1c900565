"""Cross-entropy over a large vocabulary without ever holding all of its logits.

Ten thousand words in a batch and sixty thousand in the vocabulary make logits of 2.5 GB, which the plain way writes
and reads many times over. Here some rows go all the way from hidden states to gradients before the next ones start, in
bfloat16, which is half of the memory and twice the speed in products of matrices; sums are in single precision.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

HALF = torch.bfloat16
ROWS = 1024  # at once


def cross_entropy(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> tuple[Tensor, int]:
    """Return the mean loss and, where nothing is learnt, how many rows have their target as the likeliest word.

    Args:
        hidden: (n, width).
        weight: (words, width), that of the embedding in a tied model.
        bias: (words,).
        targets: (n,) words.
    """
    if torch.is_grad_enabled():
        return _CrossEntropy.apply(hidden, weight, bias, targets), 0
    total, correct, (words, ones) = 0.0, 0, _joined(weight, bias, hidden)
    for part, true in zip(ones.split(ROWS), targets.split(ROWS), strict=True):
        logits = (part @ words.t()).float()
        total += float(torch.nn.functional.cross_entropy(logits, true, reduction="sum"))
        correct += int((logits.argmax(dim=1) == true).sum())
    return hidden.new_tensor(total / len(hidden)), correct


class _CrossEntropy(torch.autograd.Function):
    """The loss, with its gradients made on the way: they need the same products, and one scale in the end."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        total, (words, ones) = 0.0, _joined(weight, bias, hidden)
        of_words = torch.zeros_like(words, dtype=torch.float32)
        of_hidden = torch.empty_like(ones)
        for part, true, of_part in zip(ones.split(ROWS), targets.split(ROWS), of_hidden.split(ROWS), strict=True):
            shares = torch.softmax(part @ words.t(), dim=1)
            true = true[:, None]
            total -= float(shares.gather(1, true).float().clamp_min(1e-30).log().sum())
            shares.scatter_add_(1, true, shares.new_full(true.shape, -1.0))
            torch.mm(shares, words, out=of_part)
            of_words += shares.t() @ part
        ctx.save_for_backward(of_hidden, of_words)
        return hidden.new_tensor(total / len(hidden))

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, of_loss: Tensor) -> tuple[Tensor | None, ...]:
        of_hidden, of_words = ctx.saved_tensors
        scale = of_loss / len(of_hidden)
        of_words.mul_(scale)
        return of_hidden[:, :-1].float() * scale, of_words[:, :-1], of_words[:, -1], None


def _joined(weight: Tensor, bias: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Return words and states with one more feature, which is the bias of each word and 1 in every state."""
    ones = hidden.new_ones(len(hidden), 1)
    return torch.cat([weight, bias[:, None]], dim=1).to(HALF), torch.cat([hidden, ones], dim=1).to(HALF)
