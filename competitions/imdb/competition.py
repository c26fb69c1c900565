"""The competition's description, and its profiles with the reason for every setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from common.competition import (
    SMALLEST,
    Column,
    Competition,
    Config,
    Files,
    Folder,
    Limits,
    Split,
    SubmissionFormat,
    Table,
    require_at_least,
)
from common.errors import SettingError
from common.text.corpus import TextSettings

LONGEST = 3  # words whose ids fit into one number


@dataclass(frozen=True, kw_only=True)
class Words:
    """Weighted n-grams and a linear model; scikit-learn only."""

    longest: int = 3  # words in an n-gram; "not at all" is one
    min_reviews: int = 2  # in which an n-gram has to occur; most n-grams occur once
    smoothing: float = 1.0  # of the counts whose ratio is an n-gram's naive-Bayes weight
    strength: float = 100.0  # C of the logistic regression; a review's features are small, as its length is one

    def __post_init__(self) -> None:
        require_at_least(self, 1, "longest", "min_reviews")
        require_at_least(self, SMALLEST, "smoothing", "strength")
        if self.longest > LONGEST:
            raise SettingError(f"longest is {self.longest}; n-grams have at most {LONGEST} words")


@dataclass(frozen=True, kw_only=True)
class Baseline(Words, Config):
    """The n-grams alone."""

    def __post_init__(self) -> None:
        Words.__post_init__(self)
        Config.__post_init__(self)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a transformer reads of a review, of which reviews, and how it learns."""

    head_tokens: int = 128  # of the beginning of a longer review
    tail_tokens: int = 382  # of its end, where the verdict stands; with two special tokens that makes 512
    share: float = 1.0  # of the reviews that are read: those of which the n-grams are least certain
    rows: int | None = None  # to train on, drawn at random; None: all
    frozen_layers: int = 0  # that stay as they are, counted from the embeddings, which then stay too
    dropout: float | None = None  # None: the backbone's own; 0 trains 1.3 times as fast on a CPU, for one epoch
    epochs: int = 2
    learning_rate: float = 3e-5
    head_learning_rate: float = 1e-3  # the head starts from nothing
    warmup: float = 0.1  # share of the steps
    weight_decay: float = 0.01
    batch_size: int = 16
    eval_batch_size: int = 64
    precision: Literal["auto", "half-on-gpu", "float32"] = "auto"  # auto: the fastest that the hardware has
    checkpoint_minutes: float = 10.0  # what a kill inside a fold costs at most

    def __post_init__(self) -> None:
        require_at_least(self, 1, "rows", "epochs", "batch_size", "eval_batch_size", "tail_tokens")
        require_at_least(
            self, 0, "head_tokens", "frozen_layers", "dropout", "warmup", "weight_decay", "checkpoint_minutes"
        )
        require_at_least(self, SMALLEST, "share", "learning_rate", "head_learning_rate")


@dataclass(frozen=True, kw_only=True)
class Best(Config):
    """N-grams for every review, a transformer for those that they leave in doubt, and a blend of the two."""

    words: Words = Words()
    backbone: str = "microsoft/deberta-v3-small"  # a Hub name, a folder or an attached Kaggle input
    reading: Literal["auto", "whole", "brief"] = "auto"  # auto: whole with a GPU, brief without
    whole: Reading = Reading()
    # For two cores and a small backbone such as MiniLM. Reading the other half of the reviews too gave 0.0001 of AUC.
    # The lower half of the layers, left as it is, saves more than a third of the training.
    brief: Reading = Reading(
        head_tokens=32,
        tail_tokens=94,
        share=0.45,
        frozen_layers=3,
        dropout=0.0,
        epochs=1,
        learning_rate=2e-4,
    )
    held_out: float = 0.06  # of a fold's training rows, on which the blend is learnt: some 1,000 for three numbers

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, SMALLEST, "held_out")


@dataclass(frozen=True, kw_only=True)
class Network:
    """AWD-LSTM; the sizes are those of the weights from Wikipedia."""

    embedding: int = 400
    hidden: int = 1152
    layers: int = 3

    def __post_init__(self) -> None:
        require_at_least(self, 1, "embedding", "hidden", "layers")


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """The second stage: the next word of every review, those without a label too."""

    rows: int | None = None  # reviews to learn from, drawn evenly; None: all
    batch_size: int = 128
    sequence: int = 80  # words through which gradients go back
    dropout: float = 0.3  # of AWD-LSTM's own: 100,000 reviews are little for it, but it may learn them by heart a bit
    holdout: float = 0.1  # of the reviews, to measure accuracy and perplexity on
    frozen_epochs: int = 1  # of the embedding alone, whose new words start as the mean of the old ones
    frozen_rate: float = 2e-2
    epochs: int = 10  # of all of it; 0 takes the weights from Wikipedia as they are
    rate: float = 2e-3

    def __post_init__(self) -> None:
        require_at_least(self, 1, "batch_size", "sequence")
        require_at_least(self, 0, "frozen_epochs", "epochs")
        require_at_least(self, SMALLEST, "dropout", "holdout", "frozen_rate", "rate")
        require_at_least(self, 2, "rows")


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """The third stage: what the review's author thought."""

    rows: int | None = None  # labelled reviews to learn from, drawn evenly; None: all
    batch_size: int = 128
    sequence: int = 72  # words through which gradients go back
    longest: int = 1440  # last words of a review that are pooled; those before are read all the same
    dropout: float = 0.5  # of AWD-LSTM's own
    unfreezing: Literal["gradual", "at-once"] = "gradual"  # at-once: the course's first lesson, fine_tune
    head_rate: float = 2e-2  # of the head alone; for fine_tune, of all
    two_rate: float = 1e-2  # of the last two groups of layers
    three_rate: float = 5e-3
    rate: float = 1e-3  # of all groups
    spread: float = 2.6**4  # between the rates of the last and the lowest group, as the recipe's authors found
    epochs: int = 2  # of all groups; each step before takes one

    def __post_init__(self) -> None:
        require_at_least(self, 1, "batch_size", "sequence", "longest", "epochs")
        require_at_least(self, SMALLEST, "dropout", "head_rate", "two_rate", "three_rate", "rate", "spread")
        require_at_least(self, 2, "rows")


@dataclass(frozen=True, kw_only=True)
class Ulmfit(Config):
    """The course's recipe: a language model of Wikipedia, of reviews, then a classifier on top of its encoder.

    Source: Howard and Ruder, "Universal Language Model Fine-tuning for Text Classification" (2018).
    """

    stages: ClassVar[tuple[str, ...]] = ("language-model", "classifier")

    text: TextSettings = TextSettings()  # noqa: RUF009  it is frozen
    network: Network = Network()
    language_model: LanguageModel = LanguageModel()
    classifier: Classifier = Classifier()
    pretrained: str = "auto"  # auto: attached, in the cache or downloaded; a folder with .pth and .pkl; none: nothing
    encoder: str | None = None  # instead of the second stage: a folder, a run, an attached input, or `attached`
    backwards: bool = False  # read from the end: another opinion, for a blend
    precision: Literal["auto", "half-on-gpu", "float32"] = "auto"  # auto: the fastest that the hardware has
    checkpoint_minutes: float = 10.0  # what a kill costs at most

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, 0, "checkpoint_minutes")


_TINY = Ulmfit(
    text=TextSettings(min_freq=1, max_vocab=8000),
    network=Network(embedding=32, hidden=64, layers=1),
    language_model=LanguageModel(rows=1000, batch_size=16, sequence=20, epochs=2, rate=1e-2),
    classifier=Classifier(
        # Every stage in seconds, on the real reviews in minutes. The encoder knows little as yet, so that its words learn
        # as fast as the head does.
        rows=500, batch_size=8, sequence=20, dropout=0.3, two_rate=2e-2, three_rate=2e-2, rate=2e-2, spread=1.0,
        epochs=4,
    ),
    pretrained="none",
    precision="float32",
)  # fmt: skip

PROFILES: dict[str, Config] = {
    "sample": replace(_TINY, split=Split(kind="stratified", holdout=0.25, stratify="sentiment")),
    "baseline": Baseline(),
    # The course validates on 25,000 reviews that here have no labels; the share that it holds out elsewhere is a fifth.
    "course": Ulmfit(split=Split(kind="random", holdout=0.2, seed=42)),
    "quick": Ulmfit(
        split=Split(kind="random", holdout=0.2, seed=42),
        language_model=LanguageModel(frozen_epochs=0, epochs=0),
        classifier=Classifier(unfreezing="at-once", head_rate=1e-2, epochs=4),
    ),
    "best": Best(),
}

_ID = Column(name="id", kind="id")
_REVIEW = Column(name="review", kind="text", may_be_empty=True)
_SENTIMENT = Column(name="sentiment", kind="number", low=0, high=1)
_TEXT = (".txt",)


def _reviews(file: str, *folders: str, optional: bool = False) -> Table:
    """Return a file of reviews without labels, or the folders that hold the same reviews."""
    columns = (_ID, _REVIEW)
    instead = Folder(folders=folders, suffixes=_TEXT, columns=columns, optional=optional)
    return Table(file=file, columns=columns, separator="\t", quoting="none", optional=optional, instead=instead)


COMPETITION = Competition(
    name="imdb",
    slug="word2vec-nlp-tutorial",
    title="Bag of Words Meets Bags of Popcorn",
    summary="Is a film review positive (1) or negative (0)?",
    metric="roc_auc",
    also_report=("accuracy",),
    files=Files(
        train=Table(
            file="labeledTrainData.tsv",
            columns=(_ID, _SENTIMENT, _REVIEW),
            separator="\t",
            quoting="none",
            instead=Folder(
                folders=("train",),
                suffixes=_TEXT,
                columns=(_ID, _SENTIMENT, _REVIEW),
                label="sentiment",
                labels={r"(?:.*/)?pos/[^/]+": "1", r"(?:.*/)?neg/[^/]+": "0"},
            ),
        ),
        test=_reviews("testData.tsv", "test"),
        sample_submission=Table(
            file="sampleSubmission.csv", columns=(_ID, Column(name="sentiment", kind="number")), optional=True
        ),
        extra={"unlabeled": _reviews("unlabeledTrainData.tsv", "unsup", optional=True)},
    ),
    submission=SubmissionFormat(id="id", targets=("sentiment",), low=0, high=1, quoting="nonnumeric"),
    # A test review is of any film, known or not, and Kaggle's files do not say which: rows are drawn one by one.
    split=Split(kind="stratified", n_splits=4, stratify="sentiment"),
    submitted_as="csv",
    limits=Limits(session_hours=12, internet=True),
    target="sentiment",
    inputs=("review",),
    profiles=PROFILES,
)
