"""Checkpoints of fastai's Learner."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from common.model import Context


@pytest.mark.parametrize(("key", "width", "continued"), [("one", 3, True), ("other", 3, False), ("one", 4, False)])
def test_a_checkpoint_of_another_vocabulary_or_size_leaves_the_model_alone(
    context: Context, key: str, width: int, continued: bool
) -> None:
    import torch

    from common.fastai.checkpoints import CHECKPOINT, CheckpointCallback

    def model(width: int) -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, width))

    stored, own = model(3).state_dict(), model(width)
    before = {name: value.clone() for name, value in own.state_dict().items()}
    state = {"key": "one", "model": stored, "history": [{}], "phase": 1, "epoch": 0, "batch": 2}
    torch.save(state, context.folder / CHECKPOINT)
    callback = CheckpointCallback(context, key, 0, 1.0, lambda speed: 0.0)
    callback.restore(SimpleNamespace(model=own))
    expected = stored if continued else before
    assert all(torch.equal(value, expected[name]) for name, value in own.state_dict().items())
    assert (callback.phase, len(callback.history)) == ((1, 1) if continued else (0, 0))
    assert bool(context.progress.warnings) != continued
