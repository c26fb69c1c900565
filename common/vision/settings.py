"""The settings of profiles of pictures, with the reason for every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from common.competition import Config, Split
from common.errors import SettingError
from common.settings import Fraction, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Settings

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")  # of files that may be pictures


@dataclass(frozen=True, kw_only=True)
class Pictures(Config):
    """What every profile has: where pictures are decoded to."""

    cache_gb: PositiveFloat = 16.0
    """GB of disk that decoded pictures and features of all runs of a competition may take; the least recently used are
    removed first. All of dogs-vs-cats takes 9.3 GB at 288 pixels.
    """

    @property
    def cache_bytes(self) -> int:
        """The same in bytes."""
        return int(self.cache_gb * 1e9)


@dataclass(frozen=True, kw_only=True)
class Thumbnails(Pictures):
    """Gradients and colours of small pictures, a kernel machine; scikit-learn only."""

    size: int = 128
    """Pixels a side: 64 shows too little of a head, 256 no more of it."""
    cell: PositiveInt = 16
    """Pixels a side within which gradients are counted; 8 was no better and takes four times the memory."""
    components: PositiveInt = 200
    """Of the features' 600."""
    landmarks: PositiveInt = 800
    """Training pictures to which others are compared."""
    width: PositiveFloat = 1.0
    """Of the comparison's bell, in the features' own spread."""
    strength: PositiveFloat = 0.003
    """C of the logistic regression."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size < 8 * self.cell or self.size % (4 * self.cell):
            raise SettingError(
                f"size is {self.size}; it must be a multiple of 4 * cell = {4 * self.cell}, 8 * cell or more"
            )


@dataclass(frozen=True, kw_only=True)
class Network(Pictures):
    """What every recipe with a backbone has."""

    backbone: str = "resnet34"
    """Of timm or torchvision."""
    weights: str = ""
    """A file or folder; nothing: the pretrained ones, wherever they are; "random" draws them."""
    batch_size: PositiveInt = 64
    workers: NonNegativeInt = 2
    """Threads that prepare batches (of the course's recipe: processes, as fastai has them)."""
    precision: Literal["auto", "float32"] = "auto"
    """auto: half precision where the hardware multiplies it itself."""


@dataclass(frozen=True, kw_only=True)
class Course(Network):
    """The course's recipe: `vision_learner(dls, resnet34, metrics=error_rate).fine_tune(1)`."""

    size: PositiveInt = 224
    epochs: PositiveInt = 1
    """After one with the body frozen, which `fine_tune` begins with."""
    learning_rate: PositiveFloat = 2e-3
    """fastai's own."""
    precision: Literal["auto", "float32"] = "float32"
    """As written."""


@dataclass(frozen=True, kw_only=True)
class FineTuning(Settings):
    """How the whole network is trained; no epochs: not at all."""

    epochs: NonNegativeInt = 0
    """After one with the body frozen."""
    size: PositiveInt = 224
    learning_rate: PositiveFloat = 1e-3
    """Of the head; the body's first layers learn at a hundredth."""
    weight_decay: NonNegativeFloat = 0.01
    label_smoothing: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    mixup: NonNegativeFloat = 0.0
    """Alpha of the beta distribution that mixes two pictures."""
    views: Annotated[int, Interval(ge=1, le=6)] = 2
    """Whose predictions are averaged: the middle, its mirror image, then windows in the corners."""
    weight: Fraction = 0.5
    """Beside the frozen body's head, as a share of the log odds."""


@dataclass(frozen=True, kw_only=True)
class Frozen(Network):
    """Our recipe: a frozen body's features, each computed once, and a regularised head; fine-tuning beside it."""

    backbone: str = "convnext_base.fb_in22k_ft_in1k"
    """What a T4 does for 37,500 pictures in minutes."""
    sizes: tuple[PositiveInt, ...] = (288,)
    """Sees more than the 224 of training; a second size beside it brought nothing."""
    tuning: FineTuning = FineTuning()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sizes:
            raise SettingError("sizes is empty; give one or more, such as 288 or 224,288")

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
