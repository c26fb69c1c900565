"""AWD-LSTM for processors that multiply bfloat16: the course's network, its products of matrices in half the time.

PyTorch trains LSTMs on a CPU in single precision only. Here the matrices are multiplied in bfloat16, while sums, the cell
and all that is computed number by number stay in single precision, as mixed precision has it on a GPU. On the way back
the gradients of weights are one product over all steps instead of one for each, which is most of the gain where few
reviews are as long as the longest.

Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997; gates in PyTorch's order: in, forget, cell, out.
"""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from typing import Any

import numpy as np
import torch
from fastai.text.models.awdlstm import AWD_LSTM, EmbeddingDropout, WeightDropout
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

HALF = torch.bfloat16
_LSTM = 2  # oneDNN's number of this kind of network
_CHANCES = 1 << 16  # a weight's chance to be dropped is a multiple of one in so many


class Layer(nn.LSTM):
    """One layer, one direction, batch first; parameters and results are those of `nn.LSTM`."""

    def forward(self, steps: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the hidden states (batch, length, width) and the last state, a pair of (1, batch, width)."""
        given = (steps.transpose(0, 1), *state, self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)
        trains = torch.is_grad_enabled() and any(value.requires_grad for value in given)
        out, hidden, cell = _Trained.apply(*given) if trains else _read(*given)
        return out.transpose(0, 1), (hidden, cell)


class Words(EmbeddingDropout):
    """Drop whole words from the embedding without making a copy of all of it."""

    def forward(self, words: Tensor, scale: float | None = None) -> Tensor:
        """Return the embedded words (batch, length, width)."""
        embedded: Tensor = self.emb(words)
        if not self.training or not self.embed_p:
            return embedded
        keep = 1 - self.embed_p
        kept = embedded.new_empty(self.emb.num_embeddings).bernoulli_(keep).div_(keep)
        return embedded * kept[words].unsqueeze(-1)


class Weights(WeightDropout):
    """Drop single weights; PyTorch draws numbers one by one, which for millions of weights takes longer than using them."""

    def _setweights(self) -> None:
        for name in self.layer_names:
            raw = getattr(self, f"{name}_raw")
            dropped = self.training and self.weight_p
            setattr(self.module, name, raw * _kept(raw.shape, self.weight_p) if dropped else raw.clone())


class FastAwdLstm(AWD_LSTM):
    """fastai's AWD-LSTM made of these layers; its parameters have the same names."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.encoder_dp: nn.Module = Words(self.encoder, self.encoder_dp.embed_p)

    def _one_rnn(self, n_in: int, n_out: int, bidir: bool, weight_p: float, l: int) -> nn.Module:  # noqa: E741
        return Weights(Layer(n_in, n_out, 1, batch_first=True), weight_p)


class _Trained(torch.autograd.Function):
    """A layer, time first: (length, batch, width); what it hands to its backward way is in bfloat16, but for the cells."""

    @staticmethod
    def forward(
        ctx: Any, steps: Tensor, hidden: Tensor, cell: Tensor, into: Tensor, over: Tensor, bias: Tensor, other: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        steps, into, over = steps.to(HALF).contiguous(), into.to(HALF), over.to(HALF)
        (length, batch, _), width = steps.shape, over.shape[1]
        before = functional.linear(steps.flatten(0, 1), into, (bias + other).to(HALF)).view(length, batch, 4 * width)
        gates = torch.empty_like(before)
        states, cells = steps.new_empty(length + 1, batch, width), cell.new_empty(length + 1, batch, width)
        states[0], cells[0] = hidden[0], cell[0]
        for step in range(length):
            sums = torch.addmm(before[step], states[step], over.t()).float()
            opened = sums.sigmoid()
            enter, forget, new, leave = opened.split(width, 1)
            torch.tanh(sums[:, 2 * width : 3 * width], out=new)
            torch.mul(forget, cells[step], out=cells[step + 1]).addcmul_(enter, new)
            states[step + 1] = leave * cells[step + 1].tanh()
            gates[step] = opened
        ctx.save_for_backward(steps, into, over, gates, states, cells)
        last, last_cell = states[-1:].float(), cells[-1:].clone()
        ctx.mark_non_differentiable(last, last_cell)  # the recipe cuts gradients here
        return states[1:].float(), last, last_cell

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, of_out: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        steps, into, over, gates, states, cells = ctx.saved_tensors
        width, of_sums = over.shape[1], torch.empty_like(gates)
        of_state, of_cell = torch.zeros_like(cells[0]), torch.zeros_like(cells[0])
        for step in reversed(range(len(gates))):
            opened, squashed = gates[step].float(), cells[step + 1].tanh()
            enter, forget, new, leave = opened.split(width, 1)
            of_state = of_out[step] + of_state
            of_cell.addcmul_(of_state * leave, 1 - squashed * squashed)
            of_gates = torch.cat((of_cell * new, of_cell * cells[step], of_cell * enter, of_state * squashed), 1)
            slopes = opened * (1 - opened)
            slopes[:, 2 * width : 3 * width] = 1 - new * new
            of_sums[step] = of_gates * slopes
            of_cell *= forget
            of_state = (of_sums[step] @ over).float()
        flat, (of_steps, _, _, of_into, of_over, of_bias, _) = of_sums.flatten(0, 1), ctx.needs_input_grad
        sums = flat.sum(0, dtype=torch.float32) if of_bias else None
        return (
            (flat @ into).view_as(steps).float() if of_steps else None, None, None,
            (flat.t() @ steps.flatten(0, 1)).float() if of_into else None,
            (flat.t() @ states[:-1].flatten(0, 1)).float() if of_over else None,
            sums, sums,
        )  # fmt: skip


def _read(*given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return what `_Trained` does where nothing is learnt; oneDNN then has the whole layer in one call."""
    steps, hidden, cell, *weights = (value.detach().to(HALF).contiguous() for value in given)
    out, last, last_cell, _ = torch.ops.aten.mkldnn_rnn_layer(
        steps, *weights, hidden, cell, False, [], _LSTM, hidden.shape[-1], 1, True, False, False, False
    )
    return out.float(), last.float(), last_cell.float()


def _kept(shape: torch.Size, dropped: float) -> Tensor:
    """Return 0 for the dropped and 1 / (1 - dropped) for the others; PyTorch's seed decides which."""
    rng = np.random.Generator(np.random.SFC64(int(torch.randint(2**62, ()))))
    drawn = rng.integers(_CHANCES, size=tuple(shape), dtype=np.uint16)
    return torch.from_numpy(drawn >= round(dropped * _CHANCES)) * (1 / (1 - dropped))
