"""The networks of the recipe from fastai's parts, in the fastest form that the hardware has, and their losses."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from typing import Any, Literal

import torch
from fastai.callback.fp16 import MixedPrecision
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
from fastai.text.models.core import LinearDecoder, PoolingLinearClassifier, SentenceEncoder, SequentialRNN
from torch import Tensor, nn
from torch.nn import functional

from common.environment import cpu_has_bfloat16
from common.fastai.learner import quiet
from common.text.rules import PAD, SPECIAL
from competitions.imdb.competition import Network, Ulmfit
from competitions.imdb.lstm import FastAwdLstm
from competitions.imdb.softmax import cross_entropy

PADDING = SPECIAL.index(PAD)
MOMENTA = (0.8, 0.7, 0.8)  # over a cycle; those that the course trains texts with
ACTIVITY, CHANGE = 2.0, 1.0  # weights of the course's penalties on states that are large, or change much
HEAD = 50  # width of the classifier's hidden layer
HEAD_DROPOUT = 0.1

How = Literal["bfloat16-cpu", "half", "float32"]


def precision(config: Ulmfit) -> How:
    """Return how a profile's networks compute on this machine."""
    if torch.cuda.is_available():
        return "float32" if config.precision == "float32" else "half"
    return "bfloat16-cpu" if config.precision == "auto" and cpu_has_bfloat16() else "float32"


class Unprojected(LinearDecoder):
    """A decoder that leaves the product with the vocabulary to the loss, which never holds all of it."""

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the states after dropout in the place of logits, as they came, and after dropout."""
        dropped = self.output_dp(states)
        return dropped, states, dropped


class VocabularyLoss:
    """Cross-entropy of the next word; counts how many words were the likeliest."""

    def __init__(self, model: SequentialRNN) -> None:
        self.decoder = model[1]
        self.correct = self.counted = 0

    def __call__(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of (batch, length, …) outputs and (batch, length) targets."""
        flat, targets = output.flatten(0, 1), targets.flatten()
        self.counted = len(targets)
        if isinstance(self.decoder, Unprojected):
            linear = self.decoder.decoder
            loss, correct = cross_entropy(flat, linear.weight, linear.bias, targets)
            self.correct = correct
            return loss
        self.correct = int((flat.detach().argmax(-1) == targets).sum())
        return functional.cross_entropy(flat, targets)


class LabelLoss:
    """Cross-entropy of the label; counts how many were right."""

    def __init__(self) -> None:
        self.correct = self.counted = 0

    def __call__(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of (batch, 2) logits and (batch,) labels."""
        self.counted = len(targets)
        self.correct = int((output.detach().argmax(-1) == targets).sum())
        return functional.cross_entropy(output, targets)


def language_model(config: Ulmfit, words: int) -> SequentialRNN:
    """Return an untrained language model over so many words, its embedding tied to its decoder."""
    options = _options(awd_lstm_lm_config, config.network, config.language_model.dropout)
    output_p = options.pop("output_p")
    for name in ("tie_weights", "out_bias"):
        del options[name]
    how = precision(config)
    encoder = _encoder(how)(words, **options)
    decoder = Unprojected if how == "bfloat16-cpu" else LinearDecoder
    return SequentialRNN(encoder, decoder(words, config.network.embedding, output_p, tie_encoder=encoder.encoder))


def classifier(config: Ulmfit, words: int) -> SequentialRNN:
    """Return an untrained classifier of two labels whose encoder has the language model's shape."""
    options = _options(awd_lstm_clas_config, config.network, config.classifier.dropout)
    output_p, sequence = options.pop("output_p"), config.classifier.sequence
    encoder = _encoder(precision(config))(words, **options)
    reader = SentenceEncoder(sequence, encoder, pad_idx=PADDING, max_len=config.classifier.longest)
    widths = [3 * config.network.embedding, HEAD, 2]
    return SequentialRNN(reader, PoolingLinearClassifier(widths, [output_p, HEAD_DROPOUT], bptt=sequence))


def learner(config: Ulmfit, model: SequentialRNN, train: Any, valid: Any) -> Learner:
    """Return fastai's learner of either network."""
    of_words = isinstance(model[1], LinearDecoder)
    learn = Learner(
        DataLoaders(train, valid, device=device()),
        model,
        loss_func=VocabularyLoss(model) if of_words else LabelLoss(),
        splitter=awd_lstm_lm_split if of_words else awd_lstm_clas_split,
        moms=MOMENTA,
    )
    learn.add_cbs(rnn_cbs(ACTIVITY, CHANGE))
    if precision(config) == "half":
        learn.add_cb(MixedPrecision())
    return quiet(learn)


def device() -> torch.device:
    """Return what this process computes on."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def without_ties(model: nn.Module) -> dict[str, Tensor]:
    """Return a model's weights, each tensor once: tied ones under their first name."""
    seen: set[int] = set()
    kept = {}
    for name, value in model.state_dict().items():
        if value.data_ptr() not in seen or not value.numel():
            kept[name] = value
        seen.add(value.data_ptr())
    return kept


def load(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Put weights that `without_ties` gave into a model of the same shape.

    Raises:
        RuntimeError: if they are of another shape.
    """
    missing = set(without_ties(model)) ^ set(weights)
    if missing:
        raise RuntimeError(f"weights differ in {', '.join(sorted(missing)[:3])}")
    model.load_state_dict(weights, strict=False)


def _encoder(how: How) -> type[AWD_LSTM]:
    return FastAwdLstm if how == "bfloat16-cpu" else AWD_LSTM


def _options(default: dict[str, Any], network: Network, dropout: float) -> dict[str, Any]:
    """Return fastai's settings with other sizes and all dropout multiplied."""
    sizes = {"emb_sz": network.embedding, "n_hid": network.hidden, "n_layers": network.layers}
    return {name: value * dropout if name.endswith("_p") else value for name, value in (default | sizes).items()}
