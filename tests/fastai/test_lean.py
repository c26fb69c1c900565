"""Fewer steps of Python around a batch, and the same weights."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from typing import Any

import numpy as np
import pytest
import torch
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from torch import nn

from common.fastai.batches import Rows
from common.fastai.lean import LeanLearner
from common.fastai.learner import quiet

pytestmark = pytest.mark.slow  # each trains


def learner(kind: type[Learner], **options: Any) -> Learner:
    """Return one on 40 rows of numbers, with a layer whose weights do not decay."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 3)).astype(np.float32)
    wanted = (rows @ np.array([[1.0], [-2.0], [0.5]])).astype(np.float32)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    loaders = [Rows(rows, wanted, size=8, seed=seed) for seed in (1, None)]
    return quiet(kind(DataLoaders(*loaders, device="cpu"), network, nn.functional.mse_loss, **options))


@pytest.mark.parametrize("wd_bn_bias", [False, True])
def test_weights_and_losses_are_those_of_fastai(wd_bn_bias: bool) -> None:
    learners = [learner(kind, wd_bn_bias=wd_bn_bias) for kind in (Learner, LeanLearner)]
    for learn in learners:
        learn.fine_tune(3, 0.05)
        learn.fit(1, 0.01, wd=0.3)
    usual, lean = learners
    for name, weight in usual.model.state_dict().items():
        torch.testing.assert_close(lean.model.state_dict()[name], weight, rtol=1e-4, atol=1e-6)
    assert np.allclose(lean.recorder.values, usual.recorder.values, rtol=1e-4)
    assert np.allclose(lean.recorder.lrs, usual.recorder.lrs)
    assert usual.recorder.values[-1][1] < 2.6  # half of the variance


def test_a_frozen_layer_stays_as_it_is() -> None:
    learn = learner(LeanLearner, splitter=lambda model: [list(model[0].parameters()), list(model[1:].parameters())])
    before = [weight.clone() for weight in learn.model.parameters()]
    learn.freeze()
    learn.fit(1, 0.1)
    moved = [not torch.equal(weight, old) for weight, old in zip(learn.model.parameters(), before, strict=True)]
    assert moved == [False, True, True, True, True]


def test_callbacks_hear_what_they_have_an_answer_to() -> None:
    heard: list[str] = []
    callback = Callback(after_step=lambda _: heard.append("step"), after_batch=lambda _: heard.append("batch"))
    learner(LeanLearner, cbs=callback).fit(1)
    assert heard == ["step", "batch"] * 5 + ["batch"] * 5
