"""The settings of the profiles for masks, with the reason for every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from common.competition import Config, Split
from common.settings import Fraction, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from common.vision.settings import Stored


@dataclass(frozen=True, kw_only=True)
class Masked(Stored):
    """What every profile has: the size at which pictures and masks are stored."""

    longest: NonNegativeInt = 0
    """Pixels of the longer side above which pictures and masks are made smaller, in proportion; 0: never."""


@dataclass(frozen=True, kw_only=True)
class Otsu(Masked):
    """Otsu's threshold on the grey values of each picture: nothing is learnt."""


@dataclass(frozen=True, kw_only=True)
class Colours(Masked):
    """Colours around each pixel and its place, a perceptron of scikit-learn."""

    longest: NonNegativeInt = 120
    """Pixels of the longer side: classes of pixels come in areas, and a quarter of the pixels says as much of them."""
    pixels: PositiveInt = 600
    """Pixels of each training picture that are learnt from; neighbours say nearly the same."""
    hidden: PositiveInt = 64
    """Hidden units; 128 take twice the time for next to nothing."""
    epochs: PositiveInt = 12
    """Passes over all these pixels."""


@dataclass(frozen=True, kw_only=True)
class MaskNetwork(Masked):
    """What every recipe with a network has."""

    backbone: str = "resnet34"
    """Name of a network of torchvision or timm; `timm/NAME` or `torchvision/NAME` where both have it."""
    weights: str = ""
    """File or folder of weights; empty: the pretrained ones, attached, cached or downloaded; `random`: untrained."""
    batch_size: PositiveInt = 8
    """Pictures in a training batch; 8 in the lesson."""
    workers: NonNegativeInt = 2
    """Threads that prepare batches (in the course's recipe processes, as fastai has them)."""
    precision: Literal["auto", "float32"] = "auto"
    """`auto`: half precision where the hardware multiplies it, which trains faster; `float32`: single precision."""


@dataclass(frozen=True, kw_only=True)
class UnetCourse(MaskNetwork):
    """The course's recipe: `unet_learner(dls, resnet34).fine_tune(8)`."""

    size: tuple[NonNegativeInt, ...] = ()
    """Rows and columns to which pictures and masks are resized; none: as they are, as in the lesson."""
    epochs: PositiveInt = 8
    """Epochs of the whole network, after one with the body frozen, with which `fine_tune` begins."""
    learning_rate: PositiveFloat = 2e-3
    """Base learning rate of `fine_tune`; 2e-3 is fastai's default."""
    precision: Literal["auto", "float32"] = "float32"
    """Single precision, as in the course; `auto` trains faster on most GPUs."""


@dataclass(frozen=True, kw_only=True)
class Unet(MaskNetwork):
    """Our recipe: a timm encoder, a decoder on its levels, windows of pictures and masks out of the cache."""

    backbone: str = "tf_efficientnet_lite0"
    """Name of a timm network; small enough for a CPU."""
    window: PositiveInt = 192
    """Side in pixels of the windows that are trained on; a multiple of 32."""
    decoder: tuple[PositiveInt, ...] = (96, 64, 48, 32, 24)
    """Channels of the decoder's levels, the deepest first."""
    batch_size: PositiveInt = 16
    """Windows in a training batch."""
    epochs: PositiveInt = 20
    """Passes over the pictures, a window of each."""
    learning_rate: PositiveFloat = 2e-3
    """Highest learning rate of the one-cycle schedule; the encoder learns at a share of it."""
    encoder_rate: Fraction = 1.0
    """That share; less than 1 for pretrained weights, which need less."""
    weight_decay: NonNegativeFloat = 0.01
    """Decoupled weight decay; 0.01 is fastai's default."""
    upside_down: bool = False
    """Whether half of the windows are turned upside down, too: what a microscope sees has no top."""
    jitter: Fraction = 0.2
    """How far brightness, contrast and each colour are changed, at most, as shares."""
    boundary: PositiveInt = 1
    """Pixels from an object's edge that are its boundary."""
    mirrored: bool = True
    """Whether the mirror image is predicted, too, and the mean taken."""
    workers: NonNegativeInt = 1
    """Threads that prepare batches."""


def usual() -> dict[str, Config]:
    """Return the profiles of masks of which nothing else is known, by name."""
    return profiles(
        Split(kind="random", n_splits=2), baseline=Colours(), course=UnetCourse(size=(256, 256)), best=Unet()
    )


def profiles(split: Split, *, baseline: Config, best: Unet, course: UnetCourse) -> dict[str, Config]:
    """Return the profiles of a competition of masks, by name; `split` is that of the sample, of two folds."""
    return {
        "sample": Unet(
            backbone="test_resnet", weights="random", window=64, decoder=(16, 16, 16, 16), batch_size=4, epochs=6,
            learning_rate=1e-2, workers=0, mirrored=False, longest=64, split=split,
        ),
        "baseline": baseline,
        "course": course,
        "best": best,
    }  # fmt: skip
