"""The settings of the rungs, with the reason for every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from common.competition import Config, Split
from common.settings import Fraction, NonNegativeFloat, PositiveFloat, PositiveInt
from common.vision.settings import Course, Pictures, Thumbnails


@dataclass(frozen=True, kw_only=True)
class Rung(Pictures):
    """What all rungs have: the size of their pictures."""

    size: PositiveInt = 28
    """Side of the pictures in pixels, that of MNIST."""

    @property
    def input_sizes(self) -> tuple[int, ...]:
        """The only size."""
        return (self.size,)


@dataclass(frozen=True, kw_only=True)
class Means(Rung):
    """The class whose mean picture is nearest."""

    distance: Literal["L1", "L2"] = "L1"
    """Mean absolute difference of the pixels, or the root of the mean squared one."""


@dataclass(frozen=True, kw_only=True)
class Gradients(Rung):
    """What the rungs that learn have: how they go downhill."""

    epochs: PositiveInt = 40
    """Passes over the training pictures; the course's 20 are of nine times as many."""
    learning_rate: PositiveFloat = 1.0
    """What a gradient is multiplied with; the course's 1 is large, and the loss of two classes, below 1, allows it."""
    batch_size: PositiveInt = 256
    """Pictures that a step sees, as in the course."""


@dataclass(frozen=True, kw_only=True)
class ByHand(Gradients):
    """A linear layer with loss, gradient step and loop written out."""

    spread: PositiveFloat = 0.01
    """Standard deviation of the weights to begin with: with the course's 1 a tenth of its pictures take long, 0.943 of the
    threes and sevens are right after 20 epochs instead of 0.979.
    """


@dataclass(frozen=True, kw_only=True)
class Learned(Gradients):
    """The same by `nn.Linear`, SGD and `Learner`; `hidden` units with a ReLU make it a network."""

    hidden: int = 0
    """Units between pixels and answer; 0: none, a linear layer."""


@dataclass(frozen=True, kw_only=True)
class Scratch(Rung):
    """Convolutional networks of our own, trained from nothing."""

    channels: tuple[PositiveInt, ...] = (16, 32, 64)
    """Of each block, after which rows and columns are halved; twice as many take four times as long."""
    networks: PositiveInt = 2
    """Networks of a fold whose probabilities are averaged."""
    epochs: PositiveInt = 20
    """Passes over the training pictures, each time shown a little differently."""
    learning_rate: PositiveFloat = 5e-3
    """Highest of the cycle."""
    weight_decay: NonNegativeFloat = 0.02
    """Decoupled weight decay."""
    batch_size: PositiveInt = 128
    """Pictures that a step sees."""
    degrees: NonNegativeFloat = 12.0
    """By which a picture is turned at most."""
    shift: Fraction = 0.08
    """Of a side, by which it is moved at most."""
    scale: Annotated[float, Interval(ge=0, lt=1)] = 0.1
    """By which it is made larger or smaller at most; sheared by as much too."""
    flip: bool = False
    """Whether half of the pictures are mirrored: digits must not be."""
    label_smoothing: Fraction = 0.05
    """Fraction of each label that is spread over all classes."""


def profiles(target: str, *, classes: int = 2) -> dict[str, Config]:
    """Return the ladder's profiles by name.

    Args:
        target: the column of the classes.
        classes: more than two have a steeper loss, and learn at the rate of the network with a hidden layer.
    """
    linear = 1.0 if classes == 2 else 0.1
    return {
        "sample": Scratch(
            channels=(4, 8), networks=1, epochs=8, batch_size=16, learning_rate=0.02,
            split=Split(kind="stratified", n_splits=2, stratify=target),
        ),
        "pixels": Means(),
        "sgd": ByHand(learning_rate=linear),
        "linear": Learned(learning_rate=linear),
        "net": Learned(hidden=30, learning_rate=0.1),
        "baseline": Thumbnails(size=32, cell=4, landmarks=1500, C=0.1, mirrored=False),
        "course": Course(
            backbone="resnet18", weights="random", size=28, one_cycle=True, epochs=1, learning_rate=0.1,
            split=Split(kind="random", holdout=0.2, seed=42),
        ),
        "best": Scratch(),
    }  # fmt: skip
