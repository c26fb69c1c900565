"""The first two stages: a language model of Wikipedia, where there is one, learns how texts go on."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
import math

import numpy as np
import torch
from fastai.learner import Learner

from common import processes
from common.errors import BackboneError
from common.fastai import phases
from common.fastai.phases import Phase
from common.model import Context
from common.text.settings import Ulmfit
from common.text.tokens.corpus import Corpus
from common.text.ulmfit import encoder, network, wikipedia
from common.text.ulmfit.loaders import Windows

LEFT = 3  # where both stages share a session, this part of what is left is the classifier's at least


def train(config: Ulmfit, corpus: Corpus, context: Context) -> None:
    """Train on all texts and keep the encoder in the run's folder.

    Raises:
        BackboneError: if the weights from Wikipedia are of another size.
        DataError: if there are too few texts.
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
        return max(left / LEFT, len(corpus.flat) / 2 / max(speed, 1.0)) if shared else 60.0

    notes = phases.fit(
        learn, planned, context, key=corpus.vocabulary.digest, seed=config.seed, minutes=config.checkpoint_minutes,
        unit="words", reserve=reserve,
    )  # fmt: skip
    for row in notes["epochs"]:
        row["perplexity"] = round(math.exp(min(row["valid_loss"], 50.0)), 3)
    rows = np.concatenate([learn.dls.train.rows, learn.dls.valid.rows])
    record = {"source": source, "words": int(corpus.lengths[rows].sum()), "texts": len(rows), **notes}
    if processes.is_main():
        encoder.save(context.run / encoder.NAME, learn.model, corpus.vocabulary, config, record)
        if "stopped_early" not in notes:  # with more time it goes on
            phases.forget(context.folder)
    processes.wait()


def learner(config: Ulmfit, corpus: Corpus, context: Context) -> tuple[Learner, str]:
    """Return the learner of the language model as it is before the second stage, and where its weights are from."""
    settings = config.language_model
    order = np.random.default_rng(config.seed).permutation(len(corpus))[: settings.rows]
    n_valid = max(1, round(settings.holdout * len(order)))
    train, valid = (
        Windows(corpus, rows, settings.batch_size, settings.sequence, seed=seed, backwards=config.backwards)
        for rows, seed in ((order[n_valid:], config.seed), (order[:n_valid], None))
    )
    torch.manual_seed(config.seed)
    model = network.language_model(config, len(corpus.vocabulary))
    pretrained = wikipedia.find(config.pretrained, config.backwards, context)
    if pretrained is not None:
        try:
            model.load_state_dict(wikipedia.matched(pretrained, corpus.vocabulary.tokens))
        except RuntimeError as error:
            size = config.network
            raise BackboneError(
                f"the weights in pretrained={config.pretrained} are not of {size.layers} layers of {size.hidden} and an "
                f"embedding of {size.embedding} ({' '.join(str(error).split())[:200]}); set network.* to theirs"
            ) from None
    return network.learner(config, model, train, valid), "nothing" if pretrained is None else "wikipedia"
