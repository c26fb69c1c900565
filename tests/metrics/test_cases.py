"""Single cases of metrics: worked out by hand, edges, and every input that has no score."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_world import dice, distance, mean, overlap, passed

from common.errors import MetricError, SettingError, UnknownName
from common.metrics import METRICS, Metric, get, named, score

LN2 = math.log(2)

# metric, truth, prediction, expected, how
CASES = [
    ("rmsle", [0, math.e - 1], [math.e - 1, math.e - 1], 0.5**0.5, "the first is off by one in logarithms"),
    ("rmsle", [-0.5], [-0.5], 0, "values between -1 and 0 have a logarithm"),
    ("mape", [2, -4], [1, -5], (0.5 + 0.25) / 2, "a fraction, of the size of the truth"),
    ("rmspe", [0, 2, 4], [9, 1, 4], (0.25 / 2) ** 0.5, "rows whose truth is zero do not count"),
    ("smape", [0, 1, 1], [0, -1, 3], (0 + 200 + 100) / 3, "both zero is no error, other signs are the worst"),
    ("median_absolute_error", [0, 0, 0, 0], [1, 2, 4, 100], 3, "between the two in the middle"),
    ("r2", [1, 2, 3], [2, 2, 2], 0, "the mean explains nothing"),
    ("r2", [1, 2, 3], [3, 2, 1], -3, "no lower bound"),
    ("gini", [0, 0, 1, 1], [1, 2, 3, 4], 1, "positives last"),
    ("gini", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 2 * 0.75 - 1, "2 AUC - 1"),
    ("gini", [0, 1], [5, 5], 0, "ties share their rank"),
    ("angular_error", [[0, math.pi / 2]], [[math.pi, math.pi / 2]], math.pi, "opposite"),
    ("angular_error", [[0, 0]], [[3, math.pi / 2]], math.pi / 2, "from the pole the azimuth does not matter"),
    ("angular_error", [[0.1, 1]], [[0.1 + 2 * math.pi, 1]], 0, "a full turn"),
    ("haversine", [[0, 0]], [[0, 180]], math.pi * 6_371_000, "half around"),
    ("haversine", [[90, 10]], [[90, 70]], 0, "the pole"),
    ("balanced_accuracy", [0, 0, 0, 1], [0, 0, 0, 0], 0.5, "all of one class, none of the other"),
    ("balanced_accuracy", [0, 0], [0, 1], 0.5, "a class that is predicted only has no share of its own"),
    ("f1_macro", [0, 0, 1, 1], [0, 0, 0, 0], (2 / 3 + 0) / 2, "of two classes too"),
    ("f1_macro", ["a", "b"], ["a", "c"], 1 / 3, "a class that is predicted only counts with 0"),
    ("fbeta@2", [1, 1, 0], [1, 0, 1], 0.5, "precision and recall are one half"),
    ("fbeta@0.5", [1, 1, 0, 0], [1, 0, 0, 0], 1.25 * 0.5 / (0.25 + 0.5), "precision 1, recall one half"),
    ("quadratic_weighted_kappa", [0, 4], [0, 1], 1 - (9 / 2) / ((0 + 1 + 16 + 9) / 4), "distances are those of the values"),
    ("quadratic_weighted_kappa", [1, 2, 3], [3, 2, 1], -1, "the other way round"),
    ("quadratic_weighted_kappa", [1, 2, 2], [2, 2, 2], 0, "a constant agrees by chance"),
    ("quadratic_weighted_kappa", [1.0, 2.0], [1, 2], 1, "whole numbers of any type"),
    ("matthews", [0, 1, 1], [1, 1, 1], 0, "a constant"),
    ("matthews", ["a", "b"], ["b", "a"], -1, "the other way round"),
    ("log_loss", [[0, 1], [1, 1]], [[0.5, 0.25], [0.5, 0.25]], (LN2 + 2 * LN2) / 2, "mean of the columns' losses"),
    ("precision", ["a", "b", "c"], ["a", "a", "c"], (1 / 2 + 0 + 1) / 3, "of more classes the mean"),
    ("precision", [0, 1], [0, 0], 0, "nothing predicted is no precision"),
    ("recall", ["a", "a", "b", "c"], ["a", "b", "b", "b"], (1 / 2 + 1 + 0) / 3, "of more classes the mean"),
    ("balanced_log_loss", [0, 0, 0, 1], [0.5, 0.5, 0.5, 0.25], (LN2 + 2 * LN2) / 2, "each class once"),
    ("roc_auc", [[0, 1], [1, 0]], [[1, 9], [2, 8]], 1, "any scores, column by column"),
    ("average_precision", [0, 1, 0, 1], [4, 3, 2, 1], (1 / 2 + 2 / 4) / 2, "precision at each positive"),
    ("average_precision", [0, 1], [1, 1], 0.5, "ties are one threshold"),
    ("weighted_auc", [0, 1], [0.5, 0.5], (0.5 + 0.4 - 0.4**2 / 2) / 1.4, "the diagonal"),
    ("weighted_auc", [0, 1, 0, 1], [-3, -1, -2, 7], 1, "scores without bounds"),
    ("weighted_auc", [0, 1], [1, 0], 0, "everything wrong"),
    ("probabilistic_f1", [1, 0], [0.5, 0.5], 2 * 0.5 * 0.5 / (0.5 + 0.5), "precision and recall are one half"),
    ("probabilistic_f1", [1, 0], [0.0, 0.5], 0, "nothing found"),
    ("probabilistic_f1", [1, 0], [0.0, 0.0], 0, "nothing claimed"),
    ("roc_auc_micro", [[0, 1], [0, 0]], [[1, 2], [3, 0]], 2 / 3, "one positive, above two of three"),
    ("lwlrap", [[1, 0, 1], [0, 0, 0], [0, 1, 0]], [[3, 2, 1], [9, 9, 9], [2, 1, 0]], (1 + 2 / 3 + 1 / 2) / 3, "per label"),
    ("lwlrap", [[1, 0]], [[1, 1]], 0.5, "a tie is ranked last"),
    ("map@3", [["a"]], [["b", "c", "a", "d"]], 1 / 3, "in the third place"),
    ("map@3", [["a"]], [["b", "c", "d", "a"]], 0, "beyond the third"),
    ("map@2", [["a", "b", "c"]], [["a", "b"]], 1, "no more than k can be found"),
    ("map@5", [["a", "b"]], [["a", "a", "b"]], (1 + 2 / 3) / 2, "a copy is a miss that keeps its place"),
    ("map", [[], ["a"]], [["a"], []], 0, "nothing to find, nothing predicted"),
    ("map", ["a b", "c"], [["a b"], "c"], 1, "a text is one label, spaces and all"),
    ("map", [[1]], [np.array([3, 1])], 0.5, "numbers are labels"),
    ("ndcg@5", [["a"]], [["b", "a"]], 1 / math.log2(3), "in the second place"),
    ("ndcg@1", [["a", "b"]], [["b"]], 1, "no more than k can be found"),
    ("ndcg", [[]], [["a"]], 0, "nothing to find"),
    ("f1_micro", [["a"], ["b", "c"]], [["a", "z"], ["b"]], 2 * 2 / (3 + 3), "an unknown label is a false positive"),
    ("f1_micro", [["a"], []], [["a", "a"], []], 1, "sets: copies do not count"),
    ("f1_samples", [["a"], []], [["b"], []], 0.5, "two empty sets agree"),
    ("fbeta_samples@2", [["a", "b"]], [["a"]], 5 * 1 / (4 * 2 + 1), "recall one half, precision 1"),
    ("kendall_tau", [["a", "b", "c"], ["x"]], [["c", "b", "a"], ["x"]], -1, "reversed; one label has no order"),
    ("kendall_tau", [["a", "b", "c"], ["x", "y"]], [["a", "c", "b"], ["x", "y"]], 1 - 4 * 1 / (6 + 2), "pooled"),
    ("sequence_error_rate", [["1", "2"], ["3"]], [["1"], ["4", "5", "6"]], (1 + 3) / 3, "may exceed 1"),
    ("word_jaccard", ["The cat  sat", ""], ["the CAT", ""], (2 / 3 + 1) / 2, "words in lower case; two empty texts are equal"),
    ("word_jaccard", ["a", ""], ["", "a"], 0, "one empty"),
    ("levenshtein", ["kitten", ""], ["sitting", "ab"], (3 + 2) / 2, "characters"),
    ("levenshtein", ["Größe"], ["Grosse"], 3, "letters, not bytes"),
    ("character_error_rate", ["kitten", "ab"], ["sitting", "ab"], 3 / 8, "of all characters"),
    ("kl_divergence", [[0.5, 0.5]], [[0.25, 0.75]], 0.5 * math.log(2) + 0.5 * math.log(2 / 3), "Σ p ln(p/q)"),
    ("kl_divergence", [[0, 1]], [[0.5, 0.5]], LN2, "0 where the truth is 0"),
    ("kl_divergence", [[1, 0]], [[0, 1]], math.log(1e15), "a probability of 0 counts as 1e-15"),
    ("dice", ["1 3 10 2", ""], ["2 3", "-"], (2 * 2 / (5 + 3) + 1) / 2, "run lengths; two empty masks are equal"),
    ("dice", ["1 2", None], [math.nan, "5 1"], 0, "one side empty"),
    ("dice", [[[1, 1]], [[0, 1]]], [[[1, 0]], [[0, 1]]], (2 / 3 + 1) / 2, "pixels"),
    ("dice_global", ["1 4", ""], ["1 2", "9 2"], 2 * 2 / (4 + 4), "all pixels together"),
    ("fbeta_pixels@0.5", ["1 4"], ["1 2"], 1.25 * 1 * 0.5 / (0.25 * 1 + 0.5), "precision 1, recall one half"),
    ("iou", ["1 4", ""], ["3 4", ""], (2 / 6 + 1) / 2, "2 of 6"),
    ("iou_precision", ["1 10"], ["1 6"], 0.2, "0.6 exceeds 0.50 and 0.55, not itself"),
    ("iou_precision", ["1 4", "", "1 4", ""], ["1 4", "", "", "1 4"], 2 / 4, "all thresholds, or none"),
    ("object_precision", ["1 10;21 5"], ["1 6"], 0.2 / 2, "one of two is found, at 0.50 and 0.55"),
    ("object_precision", ["1 4;9 4", "1 4"], ["1 4;9 4;15 2", ""], 2 / 3 / 2, "what is too much costs as what is missing"),
    ("object_precision", ["1 4 9 4"], ["1 4;9 4"], 0, "two halves are no object"),
    ("pixel_accuracy", [[[0, 1], [255, 255]]], [[[0, 2], [0, 1]]], 1 / 2, "void does not count"),
    ("pixel_iou", [[[0, 0, 1, 1]]], [[[0, 1, 1, 1]]], (1 / 2 + 2 / 3) / 2, "mean of the classes"),
    ("pixel_iou", [[[0, 0, 255]]], [[[0, 0, 2]]], 1, "a class that only void pixels have is none"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "truth", "prediction", "expected", "how"), CASES, ids=range(len(CASES)))
def test_worked_out(name, truth, prediction, expected, how):
    if get(name).prediction == "mask" and isinstance(truth[0], list):
        truth, prediction = np.array(truth), np.array(prediction)
    assert score(name, truth, prediction) == pytest.approx(expected, rel=1e-9, abs=1e-9), how


def test_every_metric_of_several_labels_texts_and_masks_is_worked_out():
    kinds = {"scores", "labels", "text", "mask", "objects", "pixels", "distribution"}
    worked = {name.partition("@")[0] for name, *_ in CASES}
    others = {name for name, metric in METRICS.items() if metric.prediction in kinds}
    assert others - worked <= {"average_precision_micro", "fbeta_micro"}


# metric, truth, prediction, what the message says
UNDEFINED = [
    ("rmsle", [1, 2], [1, -1], "y_pred must be above -1: .* got -1 in row 1"),
    ("mape", [1, 0], [1, 1], "y_true must not be zero: .* got 0 in row 1"),
    ("r2", [3, 3], [1, 2], "y_true is constant"),
    ("gini", [3, 3], [1, 2], "y_true is constant"),
    ("haversine", [1, 2], [1, 2], "expected two columns: latitude, longitude"),
    ("haversine", [[91, 0]], [[0, 0]], "latitudes from -90 to 90 .* got 91 in row 0"),
    ("angular_error", [[0, 1, 2]], [[0, 1, 2]], "expected two columns: azimuth, zenith"),
    ("fbeta@2", [0, 0], [0, 0], "second class"),
    ("quadratic_weighted_kappa", [1, 2], [1, 1.5], "y_pred must be a label, not a fraction, got 1.5 in row 1"),
    ("quadratic_weighted_kappa", [1, 2.5], [1, 2], "y_true must be a whole number, got 2.5"),
    ("quadratic_weighted_kappa", ["low", "high"], ["low", "low"], "'low'; pass all classes in their order"),
    ("quadratic_weighted_kappa", [3, 3], [3, 3], "one and the same label"),
    ("quadratic_weighted_kappa", [0, 10**9], [0, 1], "at most 1,000"),
    ("balanced_log_loss", [1, 1], [0.5, 0.5], "all 2 classes, got 1"),
    ("average_precision", [0, 0], [0.5, 0.5], "all 2 classes, got 1"),
    ("weighted_auc", [0, 1, 2], np.full((3, 3), 1 / 3), "two classes, got 3"),
    ("probabilistic_f1", [0, 0], [0.5, 0.5], "second class is not in y_true"),
    ("probabilistic_f1", [0, 1], [0.5, 1.5], "between 0 and 1"),
    ("roc_auc", [[0, 1], [1, 1]], [[1, 2], [2, 1]], "in target column 1: y_true must have rows of all 2 classes"),
    ("spearman", [[0, 1], [1, 2]], [[1, 2], [2, 2]], "in target column 1: y_pred is constant"),
    ("rmse", [[0, 1], [1, 2]], [[1, math.nan], [2, 2]], "in target column 1: y_pred is NaN"),
    ("rmse", [[0, 1], [1, 2]], [[1, 2, 3], [1, 2, 3]], r"y_true has shape \(2, 2\) but y_pred has \(2, 3\)"),
    ("lwlrap", [[0, 0]], [[0.1, 0.2]], "no row of y_true has a label"),
    ("lwlrap", [[0, 2]], [[0.1, 0.2]], "y_true must be 0 or 1, got 2 in row 0"),
    ("lwlrap", [0, 1], [0.1, 0.2], "expected one column per class"),
    ("roc_auc_micro", [[1, 1]], [[0.1, 0.2]], "both zeros and ones"),
    ("map", [["a"]], [["a"], ["b"]], "1 rows but y_pred has 2"),
    ("map", [], [], "empty"),
    ("map", [["a"]], [7], "y_pred must be lists of labels, got 7 in row 0"),
    ("map", [["a"]], [["a", None]], "texts or whole numbers, got None in row 0"),
    ("map", "abc", [["a"]], "expected one value per row"),
    ("f1_micro", [[]], [[]], "no row has a label"),
    ("kendall_tau", [["a", "b"]], [["a", "c"]], "must hold the labels of y_true"),
    ("kendall_tau", [["a", "b"]], [["a", "a"]], "must hold the labels of y_true"),
    ("kendall_tau", [["a", "a"]], [["a", "a"]], "a label twice in row 0"),
    ("kendall_tau", [["a"]], [["a"]], "no order"),
    ("sequence_error_rate", [[]], [["a"]], "no length"),
    ("character_error_rate", [""], ["a"], "no length"),
    ("word_jaccard", ["a", "b"], ["a", math.nan], "y_pred must be texts, got nan in row 1"),
    ("levenshtein", ["a"], [1], "y_pred must be texts, got 1 in row 0"),
    ("kl_divergence", [[3, 1]], [[0.5, 0.5]], "y_true must sum to 1 in each row, got 4 in row 0"),
    ("kl_divergence", [[0.5, 0.5]], [[1.5, -0.5]], "y_pred must not be below zero, got -0.5 in row 0"),
    ("dice_global", ["", ""], ["-", ""], "all masks are empty"),
    ("dice", ["1 2 3"], ["1 2"], "y_true is no mask in row 0: it has 3 numbers"),
    ("dice", ["1 2"], ["1 2 2 5"], "y_pred is no mask in row 0: runs must be sorted and must not overlap"),
    ("dice", ["1 2"], ["1 0"], "lengths at least 1"),
    ("dice", ["1 2"], ["a b"], "whole numbers, got 'a b'"),
    ("dice", ["1 2"], [5], "expected a run-length text or an array, got 5"),
    ("iou", np.ones((1, 2, 2)), np.ones((1, 2, 3)), r"shapes \(2, 2\) and \(2, 3\)|shapes \(2, 3\) and \(2, 2\)"),
    ("iou", np.full((1, 2, 2), 0.5), np.ones((1, 2, 2)), "pixels must be 0 or 1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "truth", "prediction", "says"), UNDEFINED, ids=range(len(UNDEFINED)))
def test_undefined_is_an_error_with_the_reason(name, truth, prediction, says):
    with pytest.raises(MetricError, match=rf"^{name}: .*{says}") as caught:
        score(name, truth, prediction)
    assert "\n" not in str(caught.value)


def test_kappa_counts_classes_that_nobody_has():
    truth, prediction = [0, 1, 4, 4, 0], [0, 4, 4, 1, 1]
    by_value = score("quadratic_weighted_kappa", truth, prediction)
    assert score("quadratic_weighted_kappa", truth, prediction, classes=[0, 1, 2, 3, 4]) == pytest.approx(by_value)
    assert score("quadratic_weighted_kappa", truth, prediction, classes=[0, 1, 4]) == pytest.approx(by_value)
    digits = [list(map(str, side)) for side in (truth, prediction, [4, 1, 0])]
    assert score("quadratic_weighted_kappa", *digits[:2], classes=digits[2]) == pytest.approx(by_value)
    letters = (
        ["abe"[[0, 1, 4].index(label)] for label in truth],
        ["abe"[[0, 1, 4].index(label)] for label in prediction],
    )
    assert score("quadratic_weighted_kappa", *letters, classes=list("abe")) != pytest.approx(by_value)
    words = np.array(["none", "mild", "moderate", "severe", "worst"])
    in_words = score("quadratic_weighted_kappa", words[truth], words[prediction], classes=words.tolist())
    assert in_words == pytest.approx(by_value)


@pytest.mark.parametrize("name", ["rmse", "rmsle", "spearman", "accuracy", "f1", "roc_auc", "log_loss"])
def test_several_target_columns_are_meaned(name):
    rng = np.random.default_rng(3)
    truth, prediction = rng.integers(0, 2, (40, 3)), rng.random((40, 3))
    columns = [score(name, truth[:, number], prediction[:, number]) for number in range(3)]
    assert score(name, truth, prediction) == pytest.approx(mean(columns))
    assert score(name, pd.DataFrame(truth), pd.DataFrame(prediction)) == pytest.approx(mean(columns))


def test_further_columns_of_the_truth():
    columns = {"weight": [0, 3, 1], "group": ["b", "a", "b"], "other": [None, None, None]}
    assert score("weighted_mae", [1, 2, 3], [9, 3, 5], columns=columns) == pytest.approx((3 * 1 + 1 * 2) / 4)
    logs = (math.log(1) + math.log((8 + 2) / 2)) / 2
    assert score("log_mae_by_group", [1, 2, 3], [9, 3, 5], columns=columns) == pytest.approx(logs)
    two = score("weighted_mae", [[1, 1], [2, 2], [3, 3]], [[9, 1], [3, 2], [5, 3]], columns=columns)
    assert two == pytest.approx((5 / 4 + 0) / 2)
    assert score("log_mae_by_group", [1, 1], [1, 2], columns={"group": [0, 1]}) == pytest.approx(math.log(1e-9) / 2)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (None, "needs the column 'weight' of the truth; got none"),
        ({"group": [1, 2]}, "needs the column 'weight' of the truth; got group"),
        ({"weight": [1]}, "y_true has 2 rows but weight has 1"),
        ({"weight": [1, -1]}, "weight must not be below zero, got -1 in row 1"),
        ({"weight": [0, 0]}, "weight is zero in every row"),
        ({"weight": [1, math.nan]}, "weight is NaN"),
        ({"weight": ["a", "b"]}, "weight must be numbers, got 'a'"),
    ],
)
def test_further_columns_are_checked(columns, says):
    with pytest.raises(MetricError, match=f"^weighted_mae: {says}"):
        score("weighted_mae", [1, 2], [1, 2], columns=columns)


def test_a_metric_of_ones_own():
    def cost(y_true, y_pred, *, price):
        return float((price * (y_true != y_pred)).sum())

    own = Metric("cost", cost, False, "label", columns=("price",))
    assert score(own, ["a", "b", "a"], ["a", "a", "b"], columns={"price": [1, 2, 4]}) == 6
    with pytest.raises(MetricError, match=r"^cost: needs the column 'price'"):
        score(own, ["a"], ["a"])


runs = st.lists(st.booleans(), min_size=12, max_size=12)


@settings(max_examples=30, deadline=None)
@given(truth=runs, prediction=runs)
def test_run_lengths_and_pixels_are_the_same_mask(truth, prediction):
    texts = [run_lengths(side) for side in (truth, prediction)]
    arrays = [np.array(side).reshape(3, 4) for side in (truth, prediction)]
    if any(truth) or any(prediction):
        expected = {"dice": dice([truth], [prediction]), "iou": overlap([truth], [prediction])}
        expected["iou_precision"] = passed(expected["iou"])
    else:
        expected = {"dice": 1, "iou": 1, "iou_precision": 1}
    for name, value in expected.items():
        assert score(name, [texts[0]], [texts[1]]) == pytest.approx(value)
        assert score(name, [arrays[0]], [arrays[1]]) == pytest.approx(value)


def run_lengths(pixels):
    """Return the run-length text of a flat mask, counted from 1, pixel by pixel."""
    runs = []
    for number, pixel in enumerate(pixels, 1):
        if pixel and runs and sum(runs[-1]) == number:
            runs[-1][1] += 1
        elif pixel:
            runs.append([number, 1])
    return " ".join(f"{begin} {length}" for begin, length in runs)


@given(truth=st.text("abé ", max_size=8), prediction=st.text("abé ", max_size=8))
def test_levenshtein_is_the_fewest_edits(truth, prediction):
    assert score("levenshtein", [truth], [prediction]) == distance(truth, prediction)


# Names ---------------------------------------------------------------------------------------------------------------

NAMES = {
    "logloss": "log_loss", "auc": "roc_auc", "rmsle": "rmsle", "RMSLE": "rmsle", "qwk": "quadratic_weighted_kappa",
    "Quadratic Weighted Kappa": "quadratic_weighted_kappa", "MAP@3": "map@3", "map @ 12": "map@12", "mcc": "matthews",
    "MAP@{K}": "map", "NDCG@{K}": "ndcg", "Mean Average Precision at 5": "map@5", "NDCG@k": "ndcg",
    "Mean Columnwise Root Mean Squared Error": "rmse", "MCRMSE": "rmse", "mcrmsle": "rmsle",
    "MCRMSLE (Mean Columnwise Root Mean Squared Logarithmic Error)": "rmsle",
    "Mean Columnwise Area Under Receiver Operating Characteristic Curve": "roc_auc", "mean column-wise ROC AUC": "roc_auc",
    "Area Under Receiver Operating Characteristic Curve": "roc_auc", "Multiclass Loss": "log_loss",
    "Multiclass Loss (deprecated)": "log_loss", "Categorization Accuracy": "accuracy", "Log Loss": "log_loss",
    "Mean Columnwise Spearman's r": "spearman", "Mean Columnwise Log Loss": "log_loss", "Binary Cross-Entropy": "log_loss",
    "Root Mean Squared Logarithmic Error": "rmsle", "Levenshtein Mean": "levenshtein", "Macro F-Score": "f1_macro",
    "MeanFScore": "f1_samples", "Mean F1-Score": "f1_samples", "micro F1": "f1_micro", "F_{Beta}": "fbeta", "F1 Score": "f1",
    "F2 score": "fbeta@2", "F0.5": "fbeta@0.5", "fbeta@0.5": "fbeta@0.5", "Dice Coefficient": "dice", "R²": "r2",
    "R2 Score": "r2", "Normalized Gini Index": "gini", "Symmetric Mean Absolute Percentage Error": "smape",
    "Matthews Correlation Coefficient": "matthews", "Pearson Correlation Coefficient": "pearson",
    "Kullback-Leibler Divergence": "kl_divergence", "Balanced Log Loss": "balanced_log_loss", "mean IoU": "iou",
    "Word-level Jaccard Score": "word_jaccard", "pF1": "probabilistic_f1", "Probabilistic F-Score": "probabilistic_f1",
    "F1 Score (Micro)": "f1_micro", "Mean Spearman": "spearman", "MAPatK": "map", "AreaUnderCurve": "roc_auc",
    "Mean Columnwise Mean Absolute Error": "mae", "Weighted F1": "f1_weighted", "Brier Score": "brier",
    "Weighted Root Mean Squared Error": "weighted_rmse", "taste": None, "": None, "@3": None, "score": None,
    "mean columnwise": None,
}  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_names_as_people_write_them(text):
    assert named(text) == NAMES[text]


@pytest.mark.parametrize("name", METRICS)
def test_every_name_means_itself(name):
    metric = METRICS[name]
    assert named(name) == named(name.upper()) == named(name.replace("_", " ")) == name
    assert get(name) is metric and metric.name == name
    assert metric.function.__doc__


def test_a_parameter_is_bound():
    assert get("MAP@3").name == "map@3" and get("map@3").prediction == "labels"
    assert get("map@1").function([("a",)], [("b", "a")]) == 0
    assert get("map").function([("a",)], [("b", "a")]) == 0.5


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("map@0", "k of map must be a whole number >= 1, got 'map@0'"),
        ("map@2.5", "k of map must be a whole number >= 1"),
        ("fbeta@0", "beta of fbeta must be a number > 0"),
        ("rmse@3", "the metric rmse takes no parameter, got 'rmse@3'"),
    ],
)
def test_a_wrong_parameter_is_refused(name, says):
    with pytest.raises(SettingError, match=says):
        get(name)


@pytest.mark.parametrize(
    ("name", "near"), [("qwq", "qwk"), ("log_los", "log_loss"), ("map@x", "map"), ("rmlse", "rmsle")]
)
def test_an_unknown_name_gets_the_nearest(name, near):
    with pytest.raises(UnknownName, match=rf"Did you mean .*'{near}'"):
        get(name)
