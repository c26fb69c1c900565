"""The competition's description, and its profiles with the reason for every setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from common.competition import (
    SMALLEST,
    Column,
    Competition,
    Config,
    Files,
    Limits,
    Split,
    SubmissionFormat,
    Table,
    require_at_least,
)
from common.huggingface import tiny


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Similarities of words and characters, boosted trees; scikit-learn only."""

    components: int = 64  # of the latent space in which phrases are compared
    rounds: int = 400  # of boosting, at a learning rate that needs about so many
    shrinkage: float = 0.03
    min_samples_leaf: int = 40  # anchors come in groups of about 50 rows: smaller leaves learn them by heart

    def __post_init__(self) -> None:
        require_at_least(self, 1, "components", "rounds", "min_samples_leaf")
        require_at_least(self, SMALLEST, "shrinkage")


@dataclass(frozen=True, kw_only=True)
class Baseline(Trees, Config):
    """The trees alone."""

    def __post_init__(self) -> None:
        Trees.__post_init__(self)
        Config.__post_init__(self)


@dataclass(frozen=True, kw_only=True)
class Network(Config):
    """What both transformer recipes share."""

    backbone: str = "microsoft/deberta-v3-small"  # a Hub name, a folder or an attached Kaggle input
    epochs: int = 4
    learning_rate: float = 8e-5
    warmup: float = 0.1  # share of the steps
    weight_decay: float = 0.01
    batch_size: int = 128
    eval_batch_size: int = 256
    precision: Literal["auto", "half-on-gpu", "float32"] = "auto"  # auto: the fastest that the hardware has
    checkpoint_minutes: float = 10.0  # what a kill inside a fold costs at most

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, 1, "epochs", "batch_size", "eval_batch_size")
        require_at_least(self, SMALLEST, "learning_rate")
        require_at_least(self, 0, "warmup", "weight_decay", "checkpoint_minutes")


@dataclass(frozen=True, kw_only=True)
class Pairs(Network):
    """The course's recipe: one row, one sequence, one number."""

    precision: Literal["auto", "half-on-gpu", "float32"] = "half-on-gpu"
    evaluate: bool = True  # the course looks at Pearson after every epoch


@dataclass(frozen=True, kw_only=True)
class Lists(Network):
    """Our recipe: all targets of one anchor and context in one sequence, scored at once.

    Each target is read beside its siblings, which is what the raters saw, and the anchor and the context
    are read once for about twenty rows instead of once for each.
    """

    epochs: int = 6
    learning_rate: float = 2e-4
    head_learning_rate: float = 1e-3  # the head starts from nothing
    weight_decay: float = 0.01
    batch_size: int = 8  # sequences, about 150 rows
    eval_batch_size: int = 32
    target_tokens: int = 160  # of the targets in one sequence; a longer list is cut into several
    context_tokens: int = 24  # of the CPC title
    pearson_weight: float = 0.3  # of the metric itself beside cross-entropy in the loss
    orders: int = 1  # of the siblings for each member, whose mean is taken; a second gave 0.001 and takes as long again
    members: int = 1  # networks per fold, from different seeds; a second gave 0.003 OOF and doubles all times
    trees: Trees = Trees()  # the baseline, and the frozen encoder's similarities: what the networks do not see
    trees_weight: float = 0.5  # of the trees in the mean; 0 leaves them out

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, 1, "target_tokens", "context_tokens", "orders", "members")
        require_at_least(self, SMALLEST, "head_learning_rate")
        require_at_least(self, 0, "pearson_weight", "trees_weight")


PROFILES: dict[str, Config] = {
    "sample": Lists(
        backbone=tiny.NAME,
        precision="float32", epochs=8, learning_rate=2e-3, head_learning_rate=5e-3, batch_size=4, orders=2, members=1,
        trees=Trees(components=16, rounds=50),
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
    submission=SubmissionFormat(id="id", targets=("score",), low=0, high=1, clip=True),
    # No anchor of the hidden test set occurs in training, so a fold must not share one either.
    split=Split(kind="stratified_group", n_splits=4, group="anchor", stratify="score"),
    submitted_as="kernel",
    limits=Limits(session_hours=9, internet=False),
    target="score",
    inputs=("anchor", "target", "context"),
    profiles=PROFILES,
    packages=("skops>=0.13", "prettytable>=3"),  # to keep the baseline; the networks need nothing
)
