"""fastai's `vision_learner` on a backbone of ours: the same body, head, groups and freezing, weights from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from common import learning  # first of all: it imports fastai quietly
from common.vision.backbones import Backbone, fit


def learner(dls: Any, backbone: Backbone, **options: Any) -> Any:
    """Return a learner whose body is the backbone, frozen; `options` are `vision_learner`'s.

    The loaders have to normalise their pictures, with the backbone's mean and spread.
    """
    from fastai.vision.learner import vision_learner
    from torchvision import models

    arch = backbone.name if backbone.library == "timm" else getattr(models, backbone.name)
    learn = vision_learner(dls, arch, pretrained=False, normalize=False, **options)
    body = learn.model[0]
    body.load_state_dict(fit(body.state_dict(), backbone.network.state_dict(), Path(backbone.name)))
    learn.freeze()  # as `vision_learner` does with weights that it has loaded itself
    return learning.quiet(learn)


def network(backbone: Backbone, n_classes: int) -> Any:
    """Return the bare network that `learner` trains: body and head."""
    from fastai.vision.learner import create_timm_model, create_vision_model
    from torchvision import models

    if backbone.library == "timm":
        return create_timm_model(backbone.name, n_classes, pretrained=False)[0]
    return create_vision_model(getattr(models, backbone.name), n_classes, pretrained=False)
