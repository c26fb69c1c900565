"""The first two stages: a language model of Wikipedia, where there is one, learns how reviews go on."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from fastai.learner import Learner

from common import processes
from common.errors import BackboneError
from common.fastai import phases
from common.fastai.phases import Phase
from common.model import Context
from common.text import Corpus
from competitions.imdb import encoder, network, wikipedia
from competitions.imdb.batches import Windows
from competitions.imdb.competition import Ulmfit

SHARE_LEFT = 3  # where both stages share a session, this part of what is left is the classifier's at least


def train(config: Ulmfit, corpus: Corpus, context: Context) -> None:
    """Train on all reviews and keep the encoder in the run's folder.

    Raises:
        BackboneError: if the weights from Wikipedia are of another size.
        DataError: if there are too few reviews.
    """
    learn, source = learner(config, corpus, context)
    settings = config.language_model
    frozen = 1 if source == "wikipedia" else 0  # random layers that were frozen would stay random
    planned = [
        Phase(epochs=settings.frozen_epochs, rate=settings.frozen_rate, groups=frozen),
        Phase(epochs=settings.epochs, rate=settings.rate),
    ]
    left = context.deadline.remaining()
    shared = context.stage is None and left < math.inf

    def reserve(speed: float) -> float:
        # The classifier has to read half of all words at least once, however little it trains.
        return max(left / SHARE_LEFT, len(corpus.flat) / 2 / max(speed, 1.0)) if shared else 60.0

    notes = phases.fit(
        learn, planned, context, key=corpus.vocabulary.digest, seed=config.seed, minutes=config.checkpoint_minutes,
        unit="words", reserve=reserve,
    )  # fmt: skip
    for row in notes["epochs"]:
        row["perplexity"] = round(math.exp(min(row["valid_loss"], 50.0)), 3)
    read = np.concatenate([learn.dls.train.rows, learn.dls.valid.rows])
    record = {"source": source, "words": int(corpus.lengths[read].sum()), "reviews": len(read), **notes}
    if processes.is_main():
        encoder.save(
            context.run / encoder.NAME, network.without_ties(learn.model), corpus.vocabulary, network=config.network,
            text=config.text, backwards=config.backwards, record=record,
        )  # fmt: skip
        if "stopped_early" not in notes:  # with more time it goes on
            phases.forget(context.folder)
    processes.wait()


def learner(config: Ulmfit, corpus: Corpus, context: Context) -> tuple[Learner, str]:
    """Return the learner of the language model as it is before the second stage, and where its weights are from."""
    settings = config.language_model
    order = np.random.default_rng(config.seed).permutation(len(corpus))[: settings.rows]
    held = max(1, round(settings.holdout * len(order)))
    shape: dict[str, Any] = {"backwards": config.backwards}
    train = Windows(corpus, order[held:], settings.batch_size, settings.sequence, seed=config.seed, **shape)
    valid = Windows(corpus, order[:held], settings.batch_size, settings.sequence, seed=None, **shape)
    torch.manual_seed(config.seed)
    model = network.language_model(config, len(corpus.vocabulary))
    found = wikipedia.find(config.pretrained, config.backwards, context)
    if found is not None:
        _fill(model, wikipedia.matched(found, corpus.vocabulary.tokens), config)
    return network.learner(config, model, train, valid), "nothing" if found is None else "wikipedia"


def restored(found: encoder.Encoder, config: Ulmfit) -> Any:
    """Return the language model that an encoder holds, ready to predict."""
    model = network.language_model(config, len(found.vocabulary))
    network.load(model, found.weights())
    return model.to(network.device()).eval()


def _fill(model: Any, weights: Mapping[str, Any], config: Ulmfit) -> None:
    try:
        network.load(model, dict(weights))
    except RuntimeError as error:
        size = config.network
        raise BackboneError(
            f"the weights in pretrained={config.pretrained} are not of {size.layers} layers of {size.hidden} and an embedding "
            f"of {size.embedding} ({next(iter(str(error).splitlines()))}); set network.* to theirs"
        ) from None
