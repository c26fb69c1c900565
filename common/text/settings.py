"""The settings of profiles of texts, with the reason for every value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Interval

from common.competition import Config, Predicts, Split
from common.precision import Precision
from common.settings import Fraction, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Settings
from common.text.tokens.corpus import TextSettings

MAX_N = 3  # words whose ids fit into one number


@dataclass(frozen=True, kw_only=True)
class NGrams(Settings):
    """Weighted n-grams and a linear model; scikit-learn only."""

    max_n: Annotated[int, Interval(ge=1, le=MAX_N)] = 3
    """Words in an n-gram, at most; "not at all" is one of three."""
    min_df: PositiveInt = 2
    """Texts in which an n-gram has to occur; most occur in one."""
    characters: Literal["auto", "always", "never"] = "auto"
    """n-grams of characters beside those of words; auto: of texts that are short and not too many, or have hardly any blanks."""
    max_characters: Annotated[int, Interval(ge=2, le=8)] = 5
    """Characters in an n-gram, at most: a stem, or an ending with what follows it."""
    smoothing: PositiveFloat = 1.0
    """Added to the counts whose ratio is an n-gram's naive-Bayes weight."""
    C: PositiveFloat = 100.0
    """Of the logistic regression, for classes; a text's features are small, as it has unit length."""
    alpha: PositiveFloat = 0.1
    """Of the ridge regression, for a number: predicts the stars of IMDb's reviews to 2.01 (1 to 2.09, 0.03 to 2.00)."""


@dataclass(frozen=True, kw_only=True)
class Spans(Settings):
    """Where the piece of a text that is wanted begins and ends; scikit-learn only."""

    C: PositiveFloat = 0.3
    """Of the logistic regressions of its words."""
    inside_weight: NonNegativeFloat = 0.3
    """Of the words inside a piece beside those at its ends: without, tweets' word Jaccard is 0.63 instead of 0.66
    (learnt from 9,000, measured on 2,200 others, by which 0.3 was chosen)."""


@dataclass(frozen=True, kw_only=True)
class Baseline(Config):
    """The n-grams alone; where a piece of the text is wanted, a classifier of its words."""

    ngrams: NGrams = NGrams()
    spans: Spans = Spans()


@dataclass(frozen=True, kw_only=True)
class TransformerSettings(Settings):
    """What a transformer reads of a text, of which texts, and how it learns."""

    head_tokens: NonNegativeInt = 128
    """Of the beginning of a longer text."""
    tail_tokens: PositiveInt = 382
    """Of its end, where a review has its verdict; with two special tokens that makes 512."""
    fraction: Annotated[float, Interval(gt=0, le=1)] = 1.0
    """Of the texts, those of whose class the n-grams are least certain; of numbers all are read."""
    rows: PositiveInt | None = None
    """To train on, drawn at random; None: all."""
    frozen_layers: NonNegativeInt = 0
    """That stay as they are, counted from the embeddings, which then stay too."""
    dropout: Fraction | None = None
    """None: the backbone's own; 0 trains 1.3 times as fast on a CPU, for one epoch."""
    epochs: PositiveInt = 2
    """Passes over the training rows."""
    learning_rate: PositiveFloat = 3e-5
    """Of the backbone, small so that it does not forget what it knows."""
    head_learning_rate: PositiveFloat = 1e-3
    """The head starts from nothing."""
    warmup: Fraction = 0.1
    """Fraction of the steps."""
    weight_decay: NonNegativeFloat = 0.01
    """AdamW's, of matrices only."""
    batch_size: PositiveInt = 16
    """Texts in a step."""
    eval_batch_size: PositiveInt = 64
    """Texts at once where no gradients have to be kept; changes speed only."""
    precision: Precision = "auto"
    """auto: the fastest that the hardware has."""
    checkpoint_minutes: NonNegativeFloat = 10.0
    """What a kill inside a fold costs at most."""


@dataclass(frozen=True, kw_only=True)
class Blended(Config):
    """N-grams for every text, a transformer for those that they leave in doubt, and a blend of the two."""

    ngrams: NGrams = NGrams()
    backbone: str = "microsoft/deberta-v3-small"
    """A Hub name, a folder or an attached Kaggle input."""
    recipe: Literal["auto", "gpu", "cpu"] = "auto"
    """auto: gpu where there is one."""
    gpu: TransformerSettings = TransformerSettings()
    cpu: TransformerSettings = TransformerSettings(
        head_tokens=32,
        tail_tokens=94,
        fraction=0.45,
        frozen_layers=3,
        dropout=0.0,
        epochs=1,
        learning_rate=2e-4,
    )
    """For two cores and a small backbone such as MiniLM. Reading the other half of IMDb's reviews too gave 0.0001 of AUC.
    The lower half of the layers, left as it is, saves more than a third of the training.
    """
    held_out: Annotated[float, Interval(gt=0, le=0.5)] = 0.06
    """Fraction of a fold's training rows on which the blend is learnt: of IMDb's, some 1,000 for three numbers."""


@dataclass(frozen=True, kw_only=True)
class AwdLstm(Settings):
    """The network's sizes: those of the weights from Wikipedia."""

    embedding: PositiveInt = 400
    """Numbers for each word."""
    hidden: PositiveInt = 1152
    """Units of each LSTM but the last."""
    layers: PositiveInt = 3
    """LSTMs on top of each other."""


@dataclass(frozen=True, kw_only=True)
class LanguageModel(Settings):
    """The second stage: the next word of every text, those without an answer too."""

    rows: Annotated[int, Ge(2)] | None = None
    """Texts to learn from, drawn evenly; None: all."""
    batch_size: PositiveInt = 128
    """Streams of text that are read side by side."""
    sequence: PositiveInt = 80
    """Words through which gradients go back."""
    dropout: PositiveFloat = 0.3
    """Of AWD-LSTM's own: 100,000 reviews are little for it, but it may learn them by heart a bit."""
    holdout: Annotated[float, Interval(gt=0, lt=1)] = 0.1
    """Fraction of the texts on which accuracy and perplexity are measured."""
    frozen_epochs: NonNegativeInt = 1
    """Of the embedding alone, whose new words start as the mean of the old ones."""
    frozen_rate: PositiveFloat = 2e-2
    """Of the embedding alone, which bears more than the whole."""
    epochs: NonNegativeInt = 10
    """Of all of it; 0 takes the weights from Wikipedia as they are."""
    rate: PositiveFloat = 2e-3
    """Of all of it, at its highest: one cycle."""


@dataclass(frozen=True, kw_only=True)
class Classifier(Settings):
    """The third stage: the answer to each text, a class or a number."""

    rows: Annotated[int, Ge(2)] | None = None
    """Training rows to learn from, drawn evenly; None: all."""
    batch_size: PositiveInt = 128
    """Texts in a step, of like length."""
    sequence: PositiveInt = 72
    """Words through which gradients go back."""
    longest: PositiveInt = 1440
    """Last words of a text that are pooled; those before are read all the same."""
    dropout: PositiveFloat = 0.5
    """Of AWD-LSTM's own."""
    unfreezing: Literal["gradual", "at-once"] = "gradual"
    """at-once: the course's first lesson, fine_tune."""
    head_rate: PositiveFloat = 2e-2
    """Of the head alone; for fine_tune, of all."""
    two_rate: PositiveFloat = 1e-2
    """Of the last two groups of layers."""
    three_rate: PositiveFloat = 5e-3
    """Of the last three groups."""
    rate: PositiveFloat = 1e-3
    """Of all groups."""
    spread: PositiveFloat = 2.6**4
    """Between the rates of the last and the lowest group, as the recipe's authors found."""
    epochs: PositiveInt = 2
    """Of all groups; each step before takes one."""


@dataclass(frozen=True, kw_only=True)
class Ulmfit(Config):
    """The course's recipe: a language model of Wikipedia, of the texts, then a classifier on top of its encoder.

    Source: Howard and Ruder, "Universal Language Model Fine-tuning for Text Classification" (2018).
    """

    stages: ClassVar[tuple[str, ...]] = ("language-model", "classifier")

    text: TextSettings = TextSettings()  # noqa: RUF009  it is frozen
    network: AwdLstm = AwdLstm()
    language_model: LanguageModel = LanguageModel()
    classifier: Classifier = Classifier()
    pretrained: str = "auto"
    """auto: attached, in the cache or downloaded; a folder with .pth and .pkl; none: nothing."""
    encoder: str | None = None
    """Instead of the second stage: a folder, a run, an attached input, or `attached`."""
    backwards: bool = False
    """Read from the end: another opinion, for a blend."""
    precision: Precision = "auto"
    """auto: the fastest that the GPU has; on a CPU single precision."""
    checkpoint_minutes: NonNegativeFloat = 10.0
    """What a kill costs at most."""


def profiles(target: str | tuple[str, ...], predicts: Predicts = "class") -> dict[str, Config]:
    """Return the profiles of a competition of texts, by name.

    Args:
        target: the column of the answers, or several.
        predicts: what is predicted; the course's recipe gives classes or one number, the sample is then the baseline.
    """
    if predicts in ("labels", "span") or not isinstance(target, str):
        short: dict[str, Config] = {"sample": Baseline(split=Split(kind="random", n_splits=2)), "baseline": Baseline()}
        return short if predicts == "span" else {**short, "best": Blended()}
    # The course validates IMDb on 25,000 further reviews; a fifth is what it holds out elsewhere.
    course = Ulmfit(split=Split(kind="random", holdout=0.2, seed=42))
    return {
        "sample": Ulmfit(
            split=Split(kind="stratified", holdout=0.25, stratify=target),
            text=TextSettings(min_freq=1, max_vocab=8000),
            network=AwdLstm(embedding=32, hidden=64, layers=1),
            language_model=LanguageModel(rows=1000, batch_size=16, sequence=20, epochs=2, rate=1e-2),
            # Every stage in seconds, on the real reviews in minutes. The encoder knows little as yet, so that its words
            # learn as fast as the head does.
            classifier=Classifier(
                rows=500, batch_size=8, sequence=20, dropout=0.3, two_rate=2e-2, three_rate=2e-2, rate=2e-2, spread=1.0,
                epochs=4,
            ),
            pretrained="none",
            precision="float32",
        ),
        "baseline": Baseline(),
        "course": course,
        "quick": replace(
            course,
            language_model=LanguageModel(frozen_epochs=0, epochs=0),
            classifier=Classifier(unfreezing="at-once", head_rate=1e-2, epochs=4),
        ),
        "best": Blended(),
    }  # fmt: skip
