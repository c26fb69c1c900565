"""The competition's description, and its profiles with the reason for every setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from common.competition import (
    Column,
    Competition,
    Config,
    Files,
    Folder,
    Limits,
    Split,
    SubmissionFormat,
    Table,
)
from common.errors import SettingError
from common.settings import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Settings
from common.text.corpus import TextSettings

LONGEST = 3  # words whose ids fit into one number


@dataclass(frozen=True, kw_only=True)
class Words(Settings):
    """Weighted n-grams and a linear model; scikit-learn only."""

    longest: PositiveInt = 3
    """Words in an n-gram; "not at all" is one."""
    min_reviews: PositiveInt = 2
    """In which an n-gram has to occur; most n-grams occur once."""
    smoothing: PositiveFloat = 1.0
    """Of the counts whose ratio is an n-gram's naive-Bayes weight."""
    strength: PositiveFloat = 100.0
    """C of the logistic regression; a review's features are small, as its length is one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.longest > LONGEST:
            raise SettingError(f"longest is {self.longest}; n-grams have at most {LONGEST} words")


@dataclass(frozen=True, kw_only=True)
class Baseline(Words, Config):
    """The n-grams alone."""


@dataclass(frozen=True, kw_only=True)
class Reading(Settings):
    """What a transformer reads of a review, of which reviews, and how it learns."""

    head_tokens: NonNegativeInt = 128
    """Of the beginning of a longer review."""
    tail_tokens: PositiveInt = 382
    """Of its end, where the verdict stands; with two special tokens that makes 512."""
    share: PositiveFloat = 1.0
    """Of the reviews that are read: those of which the n-grams are least certain."""
    rows: PositiveInt | None = None
    """To train on, drawn at random; None: all."""
    frozen_layers: NonNegativeInt = 0
    """That stay as they are, counted from the embeddings, which then stay too."""
    dropout: NonNegativeFloat | None = None
    """None: the backbone's own; 0 trains 1.3 times as fast on a CPU, for one epoch."""
    epochs: PositiveInt = 2
    learning_rate: PositiveFloat = 3e-5
    head_learning_rate: PositiveFloat = 1e-3
    """The head starts from nothing."""
    warmup: NonNegativeFloat = 0.1
    """Share of the steps."""
    weight_decay: NonNegativeFloat = 0.01
    batch_size: PositiveInt = 16
    eval_batch_size: PositiveInt = 64
    precision: Literal["auto", "half-on-gpu", "float32"] = "auto"
    """auto: the fastest that the hardware has."""
    checkpoint_minutes: NonNegativeFloat = 10.0
    """What a kill inside a fold costs at most."""


@dataclass(frozen=True, kw_only=True)
class Best(Config):
    """N-grams for every review, a transformer for those that they leave in doubt, and a blend of the two."""

    words: Words = Words()
    backbone: str = "microsoft/deberta-v3-small"
    """A Hub name, a folder or an attached Kaggle input."""
    reading: Literal["auto", "whole", "brief"] = "auto"
    """auto: whole with a GPU, brief without."""
    whole: Reading = Reading()
    brief: Reading = Reading(
        head_tokens=32,
        tail_tokens=94,
        share=0.45,
        frozen_layers=3,
        dropout=0.0,
        epochs=1,
        learning_rate=2e-4,
    )
    """For two cores and a small backbone such as MiniLM. Reading the other half of the reviews too gave 0.0001 of AUC.
    The lower half of the layers, left as it is, saves more than a third of the training.
    """
    held_out: PositiveFloat = 0.06
    """Of a fold's training rows, on which the blend is learnt: some 1,000 for three numbers."""


@dataclass(frozen=True, kw_only=True)
class Network(Settings):
    """AWD-LSTM; the sizes are those of the weights from Wikipedia."""

    embedding: PositiveInt = 400
    hidden: PositiveInt = 1152
    layers: PositiveInt = 3


@dataclass(frozen=True, kw_only=True)
class LanguageModel(Settings):
    """The second stage: the next word of every review, those without a label too."""

    rows: Annotated[int, Ge(2)] | None = None
    """Reviews to learn from, drawn evenly; None: all."""
    batch_size: PositiveInt = 128
    sequence: PositiveInt = 80
    """Words through which gradients go back."""
    dropout: PositiveFloat = 0.3
    """Of AWD-LSTM's own: 100,000 reviews are little for it, but it may learn them by heart a bit."""
    holdout: PositiveFloat = 0.1
    """Of the reviews, to measure accuracy and perplexity on."""
    frozen_epochs: NonNegativeInt = 1
    """Of the embedding alone, whose new words start as the mean of the old ones."""
    frozen_rate: PositiveFloat = 2e-2
    epochs: NonNegativeInt = 10
    """Of all of it; 0 takes the weights from Wikipedia as they are."""
    rate: PositiveFloat = 2e-3


@dataclass(frozen=True, kw_only=True)
class Classifier(Settings):
    """The third stage: what the review's author thought."""

    rows: Annotated[int, Ge(2)] | None = None
    """Labelled reviews to learn from, drawn evenly; None: all."""
    batch_size: PositiveInt = 128
    sequence: PositiveInt = 72
    """Words through which gradients go back."""
    longest: PositiveInt = 1440
    """Last words of a review that are pooled; those before are read all the same."""
    dropout: PositiveFloat = 0.5
    """Of AWD-LSTM's own."""
    unfreezing: Literal["gradual", "at-once"] = "gradual"
    """at-once: the course's first lesson, fine_tune."""
    head_rate: PositiveFloat = 2e-2
    """Of the head alone; for fine_tune, of all."""
    two_rate: PositiveFloat = 1e-2
    """Of the last two groups of layers."""
    three_rate: PositiveFloat = 5e-3
    rate: PositiveFloat = 1e-3
    """Of all groups."""
    spread: PositiveFloat = 2.6**4
    """Between the rates of the last and the lowest group, as the recipe's authors found."""
    epochs: PositiveInt = 2
    """Of all groups; each step before takes one."""


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
    pretrained: str = "auto"
    """auto: attached, in the cache or downloaded; a folder with .pth and .pkl; none: nothing."""
    encoder: str | None = None
    """Instead of the second stage: a folder, a run, an attached input, or `attached`."""
    backwards: bool = False
    """Read from the end: another opinion, for a blend."""
    precision: Literal["auto", "half-on-gpu", "float32"] = "auto"
    """auto: the fastest that the hardware has."""
    checkpoint_minutes: NonNegativeFloat = 10.0
    """What a kill costs at most."""


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
