"""The settings of the profiles for image classification, with the reason for every value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from annotated_types import Interval

from common.competition import Config, Split
from common.errors import SettingError
from common.settings import Fraction, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Settings

DUPLICATE_GROUP = "duplicate_group"  # the column that has the same number for near duplicates
# Of files that may be pictures, and of arrays and sounds, which can be looked at too.
SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".dcm", ".dicom", ".npy", ".npz",
    ".wav", ".aif", ".aiff", ".flac",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stored(Config):
    """What every profile has: disk for decoded pictures."""

    cache_gb: PositiveFloat = 16.0
    """GB of disk that decoded pictures and features of all runs of a competition may take; the least recently used are
    removed first. All of dogs-vs-cats takes 9.3 GB at 288 pixels.
    """

    @property
    def cache_bytes(self) -> int:
        """The same in bytes."""
        return int(self.cache_gb * 1e9)


@dataclass(frozen=True, kw_only=True)
class Pictures(Stored, ABC):
    """What every profile has that sees pictures as squares."""

    resize: Literal["crop", "squish"] = "crop"
    """How a picture becomes a square: its middle, or all of it out of its proportions."""

    @property
    @abstractmethod
    def input_sizes(self) -> tuple[int, ...]:
        """Sides in pixels of the pictures that models are given; they are stored at the largest."""


@dataclass(frozen=True, kw_only=True)
class Thumbnails(Pictures):
    """Gradients and colours of small pictures, a kernel machine; scikit-learn only."""

    size: int = 128
    """Side of the pictures in pixels: 64 shows too little of a head, 256 no more of it."""
    cell: PositiveInt = 16
    """Side in pixels of the cells whose gradients are counted; 8 was no better and takes four times the memory."""
    components: PositiveInt = 200
    """Principal components that are kept of about 600 features."""
    landmarks: PositiveInt = 800
    """Training pictures that stand for all in the kernel (Nyström's approximation)."""
    gamma: PositiveFloat = 1.0
    """Gamma of the RBF kernel, times the number of features."""
    C: PositiveFloat = 0.003
    """Inverse regularisation strength of the logistic regression."""
    mirrored: bool = True
    """Whether a picture and its mirror image show the same; those of digits do not."""

    @property
    def input_sizes(self) -> tuple[int, ...]:
        """The only size."""
        return (self.size,)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size < 8 * self.cell or self.size % (4 * self.cell):
            raise SettingError(
                f"size must be a multiple of 4 * cell = {4 * self.cell}, and at least {8 * self.cell}, got {self.size}"
            )


@dataclass(frozen=True, kw_only=True)
class Network(Stored):
    """What every recipe with a pretrained network has."""

    backbone: str = "resnet34"
    """Name of a network of torchvision or timm; `timm/NAME` or `torchvision/NAME` where both have it."""
    weights: str = ""
    """File or folder of weights; empty: the pretrained ones, attached, cached or downloaded; `random`: untrained."""
    batch_size: PositiveInt = 64
    """Pictures in a training batch."""
    workers: NonNegativeInt = 2
    """Threads that prepare batches (in the course's recipe processes, as fastai has them)."""
    precision: Literal["auto", "float32"] = "auto"
    """`auto`: half precision where the hardware multiplies it, which trains faster; `float32`: single precision."""


@dataclass(frozen=True, kw_only=True)
class Course(Network, Pictures):
    """The course's recipe: `vision_learner(dls, resnet34, metrics=error_rate).fine_tune(1)`."""

    size: PositiveInt = 224
    """Side in pixels to which pictures are resized; 224 in the course."""
    epochs: PositiveInt = 1
    """Epochs of the whole network, after one with the body frozen, with which `fine_tune` begins."""
    learning_rate: PositiveFloat = 2e-3
    """Base learning rate of `fine_tune`; 2e-3 is fastai's default."""
    one_cycle: bool = False
    """Whether all layers learn from the first step, `fit_one_cycle(epochs, learning_rate)`, as random weights have to."""
    precision: Literal["auto", "float32"] = "float32"
    """Single precision, as in the course; `auto` trains faster on most GPUs."""

    @property
    def input_sizes(self) -> tuple[int, ...]:
        """The only size."""
        return (self.size,)


@dataclass(frozen=True, kw_only=True)
class FineTuning(Settings):
    """How the whole network is trained, beside the head on its features."""

    epochs: NonNegativeInt = 0
    """Epochs of the whole network, after one with the body frozen; 0: no fine-tuning."""
    size: PositiveInt = 224
    """Side of the training windows in pixels."""
    learning_rate: PositiveFloat = 1e-3
    """Learning rate of the head; the first layers of the body learn at a hundredth of it."""
    weight_decay: NonNegativeFloat = 0.01
    """Decoupled weight decay; 0.01 is fastai's default."""
    label_smoothing: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    """Fraction of each label that is spread over all classes."""
    mixup: NonNegativeFloat = 0.0
    """Alpha of the beta distribution by which two pictures are mixed; 0: none are."""
    views: Annotated[int, Interval(ge=1, le=6)] = 2
    """Views of a picture whose predictions are averaged: the centre, its mirror image, then windows in the corners."""
    weight: Fraction = 0.5
    """Weight of the fine-tuned network in the mean of the log probabilities; the head on frozen features has the rest."""


@dataclass(frozen=True, kw_only=True)
class Frozen(Network, Pictures):
    """Our recipe: a frozen body's features, each computed once, and a regularised head; fine-tuning beside it."""

    backbone: str = "convnext_base.fb_in22k_ft_in1k"
    """Name of a timm or torchvision network; a convnext_base computes features of 37,500 pictures on a T4 in minutes."""
    sizes: tuple[PositiveInt, ...] = (288,)
    """Sides in pixels at which features are computed: 288 shows more than the 224 of the backbone's training, a second
    size beside it brought nothing.
    """
    tuning: FineTuning = FineTuning()
    """Fine-tuning of the whole network, whose predictions are averaged with those of the head."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sizes:
            raise SettingError("sizes is empty; give one or more, such as 288 or 224,288")

    @property
    def input_sizes(self) -> tuple[int, ...]:
        """The sizes of features, and that of fine-tuning."""
        return (*self.sizes, self.tuning.size) if self.tuning.epochs else self.sizes


def profiles(target: str | tuple[str, ...]) -> dict[str, Config]:
    """Return the profiles of a competition of pictures, by name; `target` is the column of the answers, or several."""
    split = Split(kind="group", n_splits=2, group=DUPLICATE_GROUP)
    if isinstance(target, str):
        split = replace(split, kind="stratified_group", stratify=target)
    return {
        "sample": Frozen(
            backbone="test_resnet", weights="random", sizes=(96,), batch_size=16, workers=0,
            tuning=FineTuning(epochs=2, size=64, learning_rate=1e-2, mixup=0.2, label_smoothing=0.05, weight=0.2),
            split=split,
        ),
        "baseline": Thumbnails(),
        "course": Course(split=Split(kind="random", holdout=0.2, seed=42)),
        "best": Frozen(),
    }  # fmt: skip
