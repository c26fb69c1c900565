"""AWD-LSTM for processors that multiply bfloat16: the course's network, its products of matrices in half the time.

PyTorch trains LSTMs on a CPU in single precision only. oneDNN, the library beneath, trains them in bfloat16 too: inputs,
states and weights are halved in size, sums and the gradients of weights stay in single precision, as mixed precision has
it on a GPU.
"""

from __future__ import annotations

from common import learning  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from typing import Any

import torch
from fastai.text.models.awdlstm import AWD_LSTM, EmbeddingDropout, WeightDropout
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

HALF = torch.bfloat16
_LSTM = 2  # oneDNN's number of this kind of network


class Layer(nn.LSTM):
    """One layer, one direction, batch first; parameters and results are those of `nn.LSTM`."""

    def forward(self, steps: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the hidden states (batch, length, width) and the last state, a pair of (1, batch, width)."""
        weights = (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)
        out, hidden, cell = _Lstm.apply(steps.transpose(0, 1), *state, *weights)
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


class FastAwdLstm(AWD_LSTM):
    """fastai's AWD-LSTM made of these layers; its parameters have the same names."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.encoder_dp: nn.Module = Words(self.encoder, self.encoder_dp.embed_p)

    def _one_rnn(self, n_in: int, n_out: int, bidir: bool, weight_p: float, l: int) -> nn.Module:  # noqa: E741
        return WeightDropout(Layer(n_in, n_out, 1, batch_first=True), weight_p)


class _Lstm(torch.autograd.Function):
    """oneDNN's layer, time first: (length, batch, width)."""

    @staticmethod
    def forward(ctx: Any, *arguments: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        given = [value.detach().to(HALF).contiguous() for value in arguments]
        steps, hidden, cell, *weights = given
        trains = any(ctx.needs_input_grad)
        with torch.set_grad_enabled(trains):  # without it oneDNN keeps nothing for the way back
            out, last, last_cell, workspace = torch.ops.aten.mkldnn_rnn_layer(
                steps, *weights, hidden, cell, False, [], _LSTM, hidden.shape[-1], 1, True, False, False, trains
            )
        if trains:
            ctx.save_for_backward(*given, out, last, last_cell, workspace)
        ctx.mark_non_differentiable(*(ends := (last.float(), last_cell.float())))  # the recipe cuts gradients here
        return out.float(), *ends

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, of_out: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        steps, hidden, cell, *weights, out, last, last_cell, workspace = ctx.saved_tensors
        nothing = torch.zeros_like(last)
        found = torch.ops.aten.mkldnn_rnn_layer_backward(
            steps, *weights, hidden, cell, out, last, last_cell, of_out.to(HALF).contiguous(), nothing, nothing,
            False, _LSTM, hidden.shape[-1], 1, True, True, False, [], False, workspace,
        )  # fmt: skip
        of_steps, of_into, of_over, of_bias, of_other, _, _ = found
        gradients = (of_steps, None, None, of_into, of_over, of_bias, of_other)
        return tuple(
            value.float() if needed and value is not None else None
            for value, needed in zip(gradients, ctx.needs_input_grad, strict=True)
        )
