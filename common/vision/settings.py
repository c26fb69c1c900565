"""The settings of profiles of pictures, with the reason for every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from common.competition import SMALLEST, Config, Split, require_at_least
from common.errors import SettingError

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")  # of files that may be pictures


@dataclass(frozen=True, kw_only=True)
class Pictures(Config):
    """What every profile has: where pictures are decoded to."""

    # Of disk for decoded pictures, and as much again for features (a thirtieth of them, as a rule): of all runs of a
    # competition together, so 32 GB at most. What was not used for longest goes first; what is in use stays readable.
    cache_gb: float = 16.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, SMALLEST, "cache_gb")

    @property
    def cache_bytes(self) -> int:
        """The same in bytes."""
        return int(self.cache_gb * 1e9)


@dataclass(frozen=True, kw_only=True)
class Thumbnails(Pictures):
    """Gradients and colours of small pictures, a kernel machine; scikit-learn only."""

    size: int = 128  # pixels a side: 64 shows too little of a head, 256 no more of it
    cell: int = 16  # pixels a side within which gradients are counted; 8 was no better and takes four times the memory
    components: int = 200  # of the features' 600
    landmarks: int = 800  # training pictures to which others are compared
    width: float = 1.0  # of the comparison's bell, in the features' own spread
    strength: float = 0.003  # C of the logistic regression

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, 1, "components", "landmarks", "cell")
        require_at_least(self, SMALLEST, "width", "strength")
        if self.size < 8 * self.cell or self.size % (4 * self.cell):
            raise SettingError(
                f"size is {self.size}; it has to be a multiple of 4 * cell = {4 * self.cell}, 8 * cell or more"
            )


@dataclass(frozen=True, kw_only=True)
class Network(Pictures):
    """What every recipe with a backbone has."""

    backbone: str = "resnet34"  # of timm or torchvision
    weights: str = ""  # a file or folder; nothing: the pretrained ones, wherever they are; "random" draws them
    batch_size: int = 64
    workers: int = 2  # threads that prepare batches (of the course's recipe: processes, as fastai has them)
    precision: Literal["auto", "float32"] = "auto"  # auto: half precision where the hardware multiplies it itself

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, 1, "batch_size")
        require_at_least(self, 0, "workers")


@dataclass(frozen=True, kw_only=True)
class Course(Network):
    """The course's recipe: `vision_learner(dls, resnet34, metrics=error_rate).fine_tune(1)`."""

    size: int = 224
    epochs: int = 1  # after one with the body frozen, which `fine_tune` begins with
    learning_rate: float = 2e-3  # fastai's own
    precision: Literal["auto", "float32"] = "float32"  # as written

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, 1, "size", "epochs")
        require_at_least(self, SMALLEST, "learning_rate")


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How the whole network is trained; no epochs: not at all."""

    epochs: int = 0  # after one with the body frozen
    size: int = 224
    learning_rate: float = 1e-3  # of the head; the body's first layers learn at a hundredth
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    mixup: float = 0.0  # alpha of the beta distribution that mixes two pictures
    views: int = 2  # whose predictions are averaged: the middle, its mirror image, then windows in the corners
    weight: float = 0.5  # beside the frozen body's head, as a share of the log odds

    def __post_init__(self) -> None:
        require_at_least(self, 0, "epochs", "weight_decay", "label_smoothing", "mixup", "weight")
        require_at_least(self, 1, "size", "views")
        require_at_least(self, SMALLEST, "learning_rate")
        if self.views > 6:
            raise SettingError(f"views is {self.views}; there are 6")
        if self.weight > 1 or self.label_smoothing >= 1:
            raise SettingError(f"weight {self.weight} and label_smoothing {self.label_smoothing} are shares of one")


@dataclass(frozen=True, kw_only=True)
class Frozen(Network):
    """Our recipe: a frozen body's features, each computed once, and a regularised head; fine-tuning beside it."""

    backbone: str = "convnext_base.fb_in22k_ft_in1k"  # what a T4 does for 37,500 pictures in minutes
    sizes: tuple[int, ...] = (288,)  # sees more than the 224 of training; a second size beside it brought nothing
    tuning: FineTuning = FineTuning()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sizes or min(self.sizes) < 1:
            raise SettingError(f"sizes is {self.sizes}; give one or more, such as 288 or 224,288")

    @property
    def shown(self) -> tuple[int, ...]:
        """Sides of the pictures that the backbone is shown, fine-tuning included."""
        return (*self.sizes, self.tuning.size) if self.tuning.epochs else self.sizes


def profiles(target: str) -> dict[str, Config]:
    """Return the profiles of a competition of pictures, by name; `target` is the column of the answers."""
    return {
        "sample": Frozen(
            backbone="test_resnet", weights="random", sizes=(96,), batch_size=16, workers=0,
            tuning=FineTuning(epochs=2, size=64, learning_rate=1e-2, mixup=0.2, label_smoothing=0.05, weight=0.2),
            split=Split(kind="stratified_group", n_splits=2, group="look", stratify=target),
        ),
        "baseline": Thumbnails(),
        "course": Course(split=Split(kind="random", holdout=0.2, seed=42)),
        "best": Frozen(),
    }  # fmt: skip
