"""fastai's `vision_learner` on a backbone of ours: the same body, head, groups and freezing, weights from anywhere."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BackboneError
from common.fastai.learner import precise, quiet
from common.precision import Precision
from common.vision.backbones import Backbone, refusal, require_size
from common.vision.task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame


@contextmanager
def _quietly() -> Iterator[None]:
    """Hide what torchvision says about the way in which fastai asks it for most networks."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The parameter 'pretrained' is deprecated", UserWarning)
        warnings.filterwarnings("ignore", "Arguments other than a weight enum", UserWarning)
        yield


@_quietly()
def learner(dls: Any, backbone: Backbone, size: int, precision: Precision, **options: Any) -> Any:
    """Return a learner whose body is the backbone, frozen; `options` are `vision_learner`'s.

    The loaders have to normalise their pictures with the backbone's mean and standard deviation; `size` is their side.

    Raises:
        BackboneError: if the body does not take such pictures, or fastai's head does not take the body's output.
    """
    from fastai.vision.learner import vision_learner
    from torchvision import models

    arch = backbone.name if backbone.library == "timm" else getattr(models, backbone.name)
    require_size(backbone, size)
    try:
        learn = vision_learner(dls, arch, pretrained=False, normalize=False, **options)
        reason = refusal(learn.model, size)
    except StopIteration:  # fastai looks for one
        reason = "it has no layer that pools"
    if reason:
        raise BackboneError(
            f"fastai's head does not fit {backbone.library}'s {backbone.name} ({reason}); choose another"
        )
    load_body(learn.model[0], backbone)
    learn.freeze()  # as `vision_learner` does with weights that it has loaded itself
    return precise(quiet(learn), precision)


def save(network: Any, path: Path) -> None:
    """Write the weights of a learner's network (safetensors)."""
    from safetensors.torch import save_file

    save_file({name: value.contiguous().cpu() for name, value in network.state_dict().items()}, path)


def targets_of(task: Task, *frames: DataFrame) -> tuple[NDArray[Any], Any]:
    """Return what a network learns of the rows that are not of classes, and what makes its numbers those of the task.

    Numbers are learnt in units of their spread in the first frame. The second value is a function of a trained learner.
    """
    import numpy as np
    import torch

    every = np.concatenate([task.matrix(frame) for frame in frames])
    if task.log_odds:
        return every, lambda learn: None
    first = every[: len(frames[0])]
    mean, spread = first.mean(axis=0), first.std(axis=0) + 1e-12

    def restore(learn: Any) -> None:
        last = learn.model[1][-1]
        with torch.no_grad():
            weight = torch.as_tensor(spread, dtype=last.weight.dtype, device=last.weight.device)
            last.weight *= weight[:, None]
            bias = torch.zeros_like(weight) if last.bias is None else last.bias * weight
            bias = bias + torch.as_tensor(mean, dtype=weight.dtype, device=weight.device)
            last.bias = torch.nn.Parameter(bias)

    return (every - mean) / spread, restore


def loss_of(task: Task) -> Any:
    """Return the loss of labels or numbers."""
    from fastai.losses import BCEWithLogitsLossFlat, MSELossFlat

    return BCEWithLogitsLossFlat() if task.log_odds else MSELossFlat()


@_quietly()
def read(backbone: Backbone, outputs: int, path: Path) -> Any:
    """Return the network, body and head, whose weights `save` wrote."""
    import torch
    from fastai.vision.learner import create_timm_model, create_vision_model
    from safetensors.torch import load_file
    from torchvision import models

    if backbone.library == "timm":
        network = create_timm_model(backbone.name, outputs, pretrained=False)[0]
    else:
        network = create_vision_model(getattr(models, backbone.name), outputs, pretrained=False)
    weights, last = load_file(path), network[1][-1]
    if last.bias is None and (bias := weights.get(f"1.{len(network[1]) - 1}.bias")) is not None:
        last.bias = torch.nn.Parameter(bias)  # of numbers, see `targets_of`
    network.load_state_dict(weights)
    return network


def load_body(body: Any, backbone: Backbone) -> None:
    """Copy the backbone's weights into the body that fastai has cut out of the same network."""
    weights = backbone.network.state_dict()
    parts = [name for name, _ in backbone.network.named_children()]  # of torchvision's, which fastai numbers

    def original(key: str) -> str:
        part, _, rest = key.partition(".")
        return rest if backbone.library == "timm" else f"{parts[int(part)]}.{rest}"

    body.load_state_dict({key: weights[original(key)] for key in body.state_dict()})
