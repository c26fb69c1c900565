"""Adam that catches up is Adam."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
import numpy as np
import pytest
import torch
from fastai.collab import EmbeddingDotBias
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import MSELossFlat

from common.collab.lazy import CatchUp, lazy_adam
from common.fastai.batches import Rows
from common.fastai.learner import quiet

pytestmark = pytest.mark.slow  # it trains


def trained(*, lazy: bool) -> dict[str, torch.Tensor]:
    """Return the weights after two fits at one rate on 30 users and 400 items, most of which a batch does not look at."""
    rng = np.random.default_rng(0)
    codes = np.column_stack((rng.integers(1, 31, 1500), rng.integers(1, 401, 1500)))
    stars = (3 + np.sin(codes[:, 0]) + np.cos(codes[:, 1])).clip(0.5, 5).astype(np.float32)
    torch.manual_seed(0)
    network = EmbeddingDotBias(5, 31, 401, y_range=(0.5, 5.5))
    more = {}
    if lazy:
        for embedding in network.children():
            embedding.sparse = True
        more = {"opt_func": lazy_adam, "cbs": CatchUp()}
    loaders = [Rows(codes, stars, size=16, seed=seed) for seed in (1, None)]
    learn = quiet(Learner(DataLoaders(*loaders, device="cpu"), network, MSELossFlat(), **more))
    learn.fit(1, 1e-2)
    learn.unfreeze()  # which forgets the averages
    learn.fit(1, 1e-2)
    return {name: value.detach() for name, value in network.state_dict().items()}


def test_rows_that_batches_do_not_look_at_move_all_the_same() -> None:
    dense, lazy = trained(lazy=False), trained(lazy=True)
    for name, weight in dense.items():
        assert weight.std() > 0.05  # much has been learnt
        assert (lazy[name] - weight).abs().mean() < 0.03 * weight.abs().mean(), name
