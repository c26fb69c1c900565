"""The metric: what Kaggle or the user says, else what the answers look like."""

from __future__ import annotations

from common import metrics
from common.discovery.findings import Hints, Notes
from common.discovery.shapes import Answers, Shape
from common.discovery.unfit import UNSCORED
from common.errors import UnknownName

_PROPOSED: dict[Shape, str] = {
    "numbers": "rmse",
    "words": "accuracy",
    "class_columns": "log_loss",
    "one_hot": "log_loss",
    "marks": "roc_auc",
    "labels": "f1_samples",
    "span": "word_jaccard",
    "mask": "dice",
    "text": "levenshtein",
    "boxes": UNSCORED,
}
_TOLD = {
    "binary": "there are two classes", "integers": "a few whole numbers, taken for classes",
    "top": "the likeliest classes in a list",
    "boxes": "none of the kit's judges boxes, so that nothing is scored",
}  # fmt: skip


def choose(answers: Answers, hints: Hints, on_kaggle: str | None, notes: Notes) -> str:
    """Return the name of the metric.

    Raises:
        UnknownName: if what the user says is none.
    """
    if hints.metric is not None:
        if (name := metrics.named(hints.metric)) is None:
            raise UnknownName("metric", hints.metric, metrics.METRICS)
        notes.add("metric", _full(name, answers), "sure", f"as you say ({hints.metric})", "--metric")
        return _full(name, answers)
    if on_kaggle is not None and (name := metrics.named(on_kaggle)) is not None:
        notes.add("metric", _full(name, answers), "sure", f"Kaggle's page says {on_kaggle!r}", "--metric")
        return _full(name, answers)
    told = f"Kaggle's page says {on_kaggle!r}, which the kit does not know; " if on_kaggle is not None else ""
    name = _proposed(answers)
    notes.add("metric", name, "guess", f"{told}proposed, not known: {_reason(answers)}", "--metric")
    return name


def _full(name: str, answers: Answers) -> str:
    """Return a metric with its parameter, where the sample submission tells it, and of lists the mean over rows."""
    if name in ("map", "ndcg") and answers.count:
        return f"{name}@{answers.count}"
    base, mark, parameter = name.partition("@")
    of_rows = f"{base}_samples"
    return f"{of_rows}{mark}{parameter}" if answers.shape == "labels" and of_rows in metrics.METRICS else name


def _proposed(answers: Answers) -> str:
    match answers.shape:
        case "binary":
            words = bool(answers.classes) and not all(each in ("0", "1", "0.0", "1.0") for each in answers.classes)
            return "accuracy" if answers.mixed or (words and not answers.fractions) else "roc_auc"
        case "integers":
            return "rmse" if answers.measured else "accuracy"
        case "top":
            return f"map@{answers.count}"
        case "mask" if answers.objects:
            return "object_precision"
    return _PROPOSED[answers.shape]


def _reason(answers: Answers) -> str:
    from common.discovery.shapes import WORDS

    if answers.measured:
        return "whole numbers that count or measure something, as their frequencies say"
    return f"what is submitted are {WORDS[answers.shape]}" if answers.shape not in _TOLD else _TOLD[answers.shape]
