"""The competition's description, and its profiles with the reason for every setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from common.competition import Cell, Column, Competition, Config, Files, Limits, Split, SubmissionFormat, Table
from common.huggingface import tiny
from common.settings import NonNegativeFloat, PositiveFloat, PositiveInt, Settings


@dataclass(frozen=True, kw_only=True)
class Trees(Settings):
    """Similarities of words and characters, boosted trees; scikit-learn only."""

    components: PositiveInt = 64
    """Dimensions of the latent space (SVD of character n-grams) in which phrases are compared."""
    max_iter: PositiveInt = 400
    """Boosting iterations: about as many as the learning rate needs."""
    learning_rate: PositiveFloat = 0.03
    """Shrinkage of each tree's contribution."""
    min_samples_leaf: PositiveInt = 40
    """Least rows of a leaf: anchors come in groups of about 50 rows, which smaller leaves would learn by heart."""


@dataclass(frozen=True, kw_only=True)
class Baseline(Config):
    """The trees alone."""

    trees: Trees = Trees()
    """Boosted trees on similarities."""


@dataclass(frozen=True, kw_only=True)
class Network(Config):
    """What both transformer recipes share."""

    backbone: str = "microsoft/deberta-v3-small"
    """Name on the Hub, folder or attached Kaggle input of a pretrained encoder; DeBERTa-v3-small in the course."""
    epochs: PositiveInt = 4
    """Passes over the training rows; 4 in the course."""
    learning_rate: PositiveFloat = 8e-5
    """Highest learning rate, after warm-up; it falls along a cosine."""
    warmup: NonNegativeFloat = 0.1
    """Fraction of the steps in which the learning rate rises."""
    weight_decay: NonNegativeFloat = 0.01
    """Decoupled weight decay of matrices; biases and normalisations have none."""
    batch_size: PositiveInt = 128
    """Sequences in a training batch."""
    eval_batch_size: PositiveInt = 256
    """Sequences in a batch of prediction."""
    precision: Literal["auto", "half-on-gpu", "float32"] = "auto"
    """`auto`: the fastest that the hardware has; `half-on-gpu`: float16 on a GPU, float32 elsewhere; or `float32`."""
    checkpoint_minutes: NonNegativeFloat = 10.0
    """Minutes between checkpoints: what a kill inside a fold costs at most."""


@dataclass(frozen=True, kw_only=True)
class Pairs(Network):
    """The course's recipe: one row, one sequence, one number."""

    precision: Literal["auto", "half-on-gpu", "float32"] = "half-on-gpu"
    """`half-on-gpu` (float16 on a GPU) as in the course, or `auto`, or `float32`."""
    evaluate: bool = True
    """Whether Pearson's correlation is measured after every epoch, as in the course."""


@dataclass(frozen=True, kw_only=True)
class Lists(Network):
    """Our recipe: all targets of one anchor and context in one sequence, scored at once.

    Each target is read beside its siblings, which is what the raters saw, and the anchor and the context
    are read once for about twenty rows instead of once for each.
    """

    epochs: PositiveInt = 6
    """Passes over the training rows, in each of which siblings stand in another order."""
    learning_rate: PositiveFloat = 2e-4
    """Highest learning rate of the encoder, after warm-up."""
    head_learning_rate: PositiveFloat = 1e-3
    """Highest learning rate of the head, which starts from random weights."""
    batch_size: PositiveInt = 8
    """Sequences in a training batch, about 150 rows."""
    eval_batch_size: PositiveInt = 32
    """Sequences in a batch of prediction, about 600 rows."""
    target_tokens: PositiveInt = 160
    """Most tokens of targets in one sequence; a longer list is cut into several."""
    context_tokens: PositiveInt = 24
    """Most tokens of the CPC title that stands for the context."""
    pearson_weight: NonNegativeFloat = 0.3
    """Weight in the loss of 1 - Pearson (the metric itself) beside cross-entropy."""
    orders: PositiveInt = 1
    """Orders of the siblings whose predictions are averaged; a second gave 0.001 and takes as long again."""
    members: PositiveInt = 1
    """Networks per fold, from different seeds; a second gave 0.003 OOF and doubles all times."""
    trees: Trees = Trees()
    """Boosted trees on similarities, those of the frozen encoder too: they see what the networks do not."""
    trees_weight: NonNegativeFloat = 0.5
    """Weight of the trees in the mean of both predictions; 0 leaves them out."""


PROFILES: dict[str, Config] = {
    "sample": Lists(
        backbone=tiny.NAME,
        precision="float32", epochs=8, learning_rate=2e-3, head_learning_rate=5e-3, batch_size=4, orders=2, members=1,
        trees=Trees(components=16, max_iter=50),
        split=Split(kind="stratified_group", n_splits=3, group="anchor", stratify="score"),
    ),
    "baseline": Baseline(),
    "course": Pairs(split=Split(kind="random", holdout=0.25, seed=42)),
    "best": Lists(),
}  # fmt: skip

_INPUTS = (
    Column(name="id", kind="id"),
    Column(name="anchor", kind="text"),
    Column(name="target", kind="text"),
    Column(name="context", kind="category"),
)
_SCORE = Column(name="score", kind="number", low=0, high=1)

COMPETITION = Competition(
    name="patent",
    slug="us-patent-phrase-to-phrase-matching",
    title="U.S. Patent Phrase to Phrase Matching",
    summary="How alike are two phrases from patents in a technical context, from 0 (unrelated) to 1 (the same)?",
    metric="pearson",
    also_report=("spearman", "rmse"),
    files=Files(
        train=Table(file="train.csv", columns=(*_INPUTS, _SCORE)),
        test=Table(file="test.csv", columns=_INPUTS),
        sample_submission=Table(
            file="sample_submission.csv", columns=(_INPUTS[0], Column(name="score", kind="number"))
        ),
    ),
    submission=SubmissionFormat(id="id", targets=("score",), cell=Cell(low=0, high=1, clip=True)),
    # No anchor of the hidden test set occurs in training, so a fold must not share one either.
    split=Split(kind="stratified_group", n_splits=4, group="anchor", stratify="score"),
    submitted_as="kernel",
    limits=Limits(session_hours=9, internet=False),
    target="score",
    inputs=("anchor", "target", "context"),
    profiles=PROFILES,
    packages=("skops>=0.13", "prettytable>=3"),  # to keep the baseline; the networks need nothing
)
