"""The networks of the recipe, as fastai makes them, their loss and their learner."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from typing import Any

import torch
from fastai.callback.rnn import rnn_cbs
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.text.models.awdlstm import (
    AWD_LSTM,
    awd_lstm_clas_config,
    awd_lstm_clas_split,
    awd_lstm_lm_config,
    awd_lstm_lm_split,
)
from fastai.text.models.core import LinearDecoder, SequentialRNN, get_language_model, get_text_classifier
from torch import Tensor
from torch.nn import functional

from common.fastai.learner import precise, quiet
from common.precision import Precision
from common.text.settings import AwdLstm, Ulmfit
from common.text.tokens.rules import PAD, SPECIAL

MOMENTA = (0.8, 0.7, 0.8)  # over a cycle; those that the course trains texts with
ACTIVITY, CHANGE = 2.0, 1.0  # weights of the course's penalties on states that are large, or change much


class Loss:
    """Cross-entropy of classes or words, of a single output the squared error.

    `counted` is how many targets the last batch had, `correct` of how many the class was the likeliest (None for numbers).
    """

    def __init__(self) -> None:
        self.counted = 0
        self.correct: int | None = None

    def __call__(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of outputs (…, classes) and as many targets (…)."""
        output, targets = output.flatten(0, -2), targets.flatten()
        self.counted = len(targets)
        if output.shape[-1] == 1:
            return functional.mse_loss(output[:, 0], targets)
        self.correct = int((output.detach().argmax(-1) == targets).sum())
        return functional.cross_entropy(output, targets)


def language_model(config: Ulmfit, words: int) -> SequentialRNN:
    """Return an untrained language model over so many words, its embedding tied to its decoder."""
    sizes = _sizes(awd_lstm_lm_config, config.network)
    return get_language_model(AWD_LSTM, words, sizes, config.language_model.dropout)


def classifier(config: Ulmfit, words: int, outputs: int) -> SequentialRNN:
    """Return an untrained classifier whose encoder has the language model's shape."""
    settings, sizes = config.classifier, _sizes(awd_lstm_clas_config, config.network)
    return get_text_classifier(
        AWD_LSTM, words, outputs, settings.sequence, sizes, settings.dropout, pad_idx=SPECIAL.index(PAD),
        max_len=settings.longest,
    )  # fmt: skip


def learner(config: Ulmfit, model: SequentialRNN, train: Any, valid: Any) -> Learner:
    """Return fastai's learner of either network."""
    of_words = isinstance(model[1], LinearDecoder)
    learn = Learner(
        DataLoaders(train, valid, device=device()),
        model,
        loss_func=Loss(),
        splitter=awd_lstm_lm_split if of_words else awd_lstm_clas_split,
        moms=MOMENTA,
    )
    learn.add_cbs(rnn_cbs(ACTIVITY, CHANGE))
    return precise(quiet(learn), possible(config.precision))


def possible(requested: Precision) -> Precision:
    """Return the precision that this process computes in: PyTorch trains an LSTM on a CPU in single precision only."""
    return requested if torch.cuda.is_available() else "float32"


def device() -> torch.device:
    """Return what this process computes on."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def _sizes(default: dict[str, Any], network: AwdLstm) -> dict[str, Any]:
    """Return fastai's settings with other sizes."""
    return default | {"emb_sz": network.embedding, "n_hid": network.hidden, "n_layers": network.layers}
