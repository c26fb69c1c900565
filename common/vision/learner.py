"""fastai's `vision_learner` on a backbone of ours: the same body, head, groups and freezing, weights from anywhere."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.errors import BackboneError
from common.fastai.learner import quiet
from common.vision.backbones import Backbone, fit, refusal, require_size


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep from the user what torchvision says of the way in which fastai asks it for most networks."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The parameter 'pretrained' is deprecated", UserWarning)
        warnings.filterwarnings("ignore", "Arguments other than a weight enum", UserWarning)
        yield


@_quietly()
def learner(dls: Any, backbone: Backbone, size: int, **options: Any) -> Any:
    """Return a learner whose body is the backbone, frozen; `options` are `vision_learner`'s.

    The loaders have to normalise their pictures, with the backbone's mean and spread; their side is `size`.

    Raises:
        BackboneError: if the body takes no such pictures, or fastai's head not what the body makes of them.
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
    body = learn.model[0]
    body.load_state_dict(fit(body.state_dict(), backbone.network.state_dict(), Path(backbone.name)))
    learn.freeze()  # as `vision_learner` does with weights that it has loaded itself
    return quiet(learn)


@_quietly()
def network(backbone: Backbone, n_classes: int) -> Any:
    """Return the bare network that `learner` trains: body and head."""
    from fastai.vision.learner import create_timm_model, create_vision_model
    from torchvision import models

    if backbone.library == "timm":
        return create_timm_model(backbone.name, n_classes, pretrained=False)[0]
    return create_vision_model(getattr(models, backbone.name), n_classes, pretrained=False)
