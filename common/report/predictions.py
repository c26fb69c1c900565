"""Charts of a run's predictions, of the kind that its task asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import metrics
from common.competition import Competition
from common.decisions import labels_of
from common.decisions.decision import both
from common.errors import KitError
from common.report import charts, class_charts
from common.report.charts import Chart
from common.runs import oof
from common.runs.evaluation import Predicted, second

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

_MOST_TARGETS = 4
_MOST_LABELS = 30


def drawn(predicted: Predicted) -> list[Chart]:
    """Return the charts: predictions against targets, and against those of the test set."""
    match predicted.competition.predicts:
        case "number":
            made = _of_numbers(predicted)
        case "class":
            made = _of_classes(predicted)
        case "labels":
            made = _of_labels(predicted)
        case kind:
            what = "share of words apart" if kind == "span" else "what a picture's score lacks of one"
            made = [charts.bands("wrong", "How wrong", "0 is right.", {"training rows": predicted.wrong}, what, 30)]
    return [each for each in [*made, _against_test(predicted)] if each is not None]


def _of_numbers(predicted: Predicted) -> list[Chart | None]:
    import numpy as np

    truth = predicted.truth[list(predicted.competition.targets)].to_numpy(float)
    probabilities = (
        metrics.get(predicted.competition.metric).prediction == "probability" and np.isin(truth, (0, 1)).all()
    )
    made: list[Chart | None] = []
    if probabilities:
        flat, marks = predicted.values.ravel(), truth.ravel()
        made.append(class_charts.calibration(np.clip(flat, 0, 1), marks == 1, "probability"))
        parts = {"came true": flat[marks == 1], "came false": flat[marks == 0]}
        return [
            *made,
            charts.bands(
                "probabilities", "Probabilities", "The less they overlap, the better.", parts, "probability", 40, (0, 1)
            ),
        ]
    for column, name in enumerate(predicted.competition.targets[:_MOST_TARGETS]):
        known = np.isfinite(truth[:, column])
        target, value = truth[known, column], predicted.values[known, column]
        suffix = f" of {name}" if truth.shape[1] > 1 else ""
        made.append(
            charts.heat(
                f"targets_{column}",
                f"Predictions against targets{suffix}",
                "On the dashed line they are equal.",
                target,
                value,
                "target",
                "prediction out of fold",
            )
        )
        residuals = {"prediction less target": value - target}
        made.append(
            charts.bands(
                f"residuals_{column}",
                f"Residuals{suffix}",
                "Skewed or with two humps: something is missing.",
                residuals,
                "prediction less target",
            )
        )
    return made


def _of_classes(predicted: Predicted) -> list[Chart | None]:
    import numpy as np
    from sklearn.metrics import confusion_matrix

    names = predicted.classes
    place = {label: position for position, label in enumerate(names)}
    right = np.array([place[label] for (label,) in labels_of(predicted.competition, predicted.truth)])
    ordered = predicted.values.shape[1] == 1 and len(names) > 2
    values = both(predicted.values)
    taken = (
        np.clip(np.rint(predicted.values[:, 0]), 0, len(names) - 1).astype(int) if ordered else values.argmax(axis=1)
    )
    made = [class_charts.confusion(confusion_matrix(right, taken, labels=range(len(names))), names)]
    if ordered:
        parts = {name: predicted.values[right == position, 0] for position, name in enumerate(names[:8])}
        return [*made, charts.bands("positions", "Expected class", "By the true class.", parts, "expected position")]
    if len(names) == 2:
        chance, came = values[:, 1], right == 1
        parts = {f"is {names[1]}": chance[came], f"is {names[0]}": chance[~came]}
        what = f"probability of {names[1]}"
    else:
        chance, came = values.max(axis=1), taken == right
        parts, what = {"right": chance[came], "wrong": chance[~came]}, "probability of the likeliest class"
    made.append(class_charts.calibration(np.clip(chance, 0, 1), came, what))
    return [
        *made,
        charts.bands("probabilities", "Probabilities", "The less they overlap, the better.", parts, what, 40, (0, 1)),
    ]


def _of_labels(predicted: Predicted) -> list[Chart | None]:
    import numpy as np
    from sklearn.metrics import average_precision_score

    names, labels = predicted.classes, labels_of(predicted.competition, predicted.truth)
    place = {label: position for position, label in enumerate(names)}
    marks = np.zeros(predicted.values.shape, bool)
    for row, some in enumerate(labels):
        marks[row, [place[label] for label in some if label in place]] = True
    rows = [
        {
            "label": name,
            "average precision": float(average_precision_score(marks[:, column], predicted.values[:, column])),
            "rows": int(marks[:, column].sum()),
        }
        for column, name in enumerate(names)
        if marks[:, column].any()
    ]
    rows.sort(key=lambda each: float(str(each["average precision"])))
    flat = np.clip(predicted.values.ravel(), 0, 1)
    return [
        charts.bars(
            "labels",
            "Average precision by label",
            "The worst labels first.",
            rows[:_MOST_LABELS],
            "label",
            "average precision",
            ".3f",
        ),
        class_charts.calibration(flat, marks.ravel(), "probability of a label"),
    ]


def _against_test(predicted: Predicted) -> Chart | None:
    """Return predictions of training and test rows over one another: if they differ, so do the rows."""
    competition = predicted.competition
    try:
        test = _of_test(predicted, competition)
    except KitError:
        return None
    values = predicted.values
    if test is None or test.shape[1] != values.shape[1]:
        return None
    if values.shape[1] > 1 and competition.predicts != "number":
        parts, what = {"training, out of fold": values.max(axis=1), "test": test.max(axis=1)}, "largest probability"
    else:
        parts, what = (
            {"training, out of fold": values[:, 0], "test": test[:, 0]},
            f"prediction of {competition.targets[0]}",
        )
    return charts.bands(
        "test", "Training and test set", "Where they differ, the test rows do: CV says less about them.", parts, what
    )


def _of_test(predicted: Predicted, competition: Competition) -> NDArray[float64] | None:
    format = competition.submission
    if competition.predicts in ("span", "masks"):
        return None
    return second(competition, oof.read_test(predicted.run, format)[1])
