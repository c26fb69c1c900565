"""Laws over the table of metrics, each against an independent reference, and every undefined case."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_world import REFERENCES, ROWS, example, f, mean, wins

from common import metrics
from common.errors import MetricError, SettingError, UnknownName
from common.metrics import METRICS, get, score

NUMBERS = {name for name, metric in METRICS.items() if metric.prediction == "number"}
every_metric = pytest.mark.parametrize("name", METRICS)


def of_kind(*kinds):
    """Metrics of one target that take nothing else."""
    fitting = [each for each in METRICS.values() if each.prediction in kinds and not (each.columns or each.jointly)]
    return pytest.mark.parametrize("name", [each.name for each in fitting])


nominal = pytest.mark.parametrize(
    "name", [name for name, metric in METRICS.items() if metric.prediction == "label" and not metric.ordered]
)
one_column = of_kind("number", "label", "probability")


def values(name, seed=0):
    """Truth, a middling prediction and the perfect one."""
    found = example(name, seed)
    return found.truth, found.middling, found.perfect


def plain(side):
    return side.tolist() if isinstance(side, np.ndarray) else side


@every_metric
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_agrees_with_its_definition(name, seed):
    one = example(name, seed)
    expected = REFERENCES[name](plain(one.truth), plain(one.middling), **{k: plain(v) for k, v in one.columns.items()})
    assert score(name, one.truth, one.middling, columns=one.columns) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("parameter", [1, 2, 3, 12])
@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.parameter])
def test_agrees_with_its_definition_for_every_parameter(name, parameter):
    truth, middling, _ = values(name)
    if name == "fbeta_macro":
        expected = mean(f(plain(truth), plain(middling), label, beta=parameter) for label in (0, 1))
    else:
        expected = REFERENCES[name](plain(truth), plain(middling), **{METRICS[name].parameter: parameter})
    assert score(f"{name}@{parameter}", truth, middling) == pytest.approx(expected)


BEST = {"perplexity": 1, "log_mae_by_group": math.log(1e-9)}


@every_metric
def test_direction_and_best(name):
    one = example(name)
    predictions = (one.perfect, one.middling, one.worst)
    best, middle, worst = (score(name, one.truth, each, columns=one.columns) for each in predictions)
    ordered = [worst, middle, best] if get(name).greater_is_better else [best, middle, worst]
    assert ordered == sorted(ordered)
    assert best != middle != worst
    assert best == pytest.approx(BEST.get(name, float(get(name).greater_is_better)), abs=1e-9)


@every_metric
def test_order_of_rows_does_not_matter(name):
    one, order = example(name), np.random.default_rng(1).permutation(ROWS)
    truth, prediction = ([side[row] for row in order] for side in (one.truth, one.middling))
    columns = {key: side[order] for key, side in one.columns.items()}
    expected = score(name, one.truth, one.middling, columns=one.columns)
    assert score(name, truth, prediction, columns=columns) == pytest.approx(expected, rel=1e-12)


@one_column
def test_containers_do_not_matter(name):
    truth, prediction, _ = values(name)
    expected = score(name, truth, prediction)
    index = np.arange(ROWS)[::-1] + 7
    whole = "Int64" if prediction.dtype.kind == "i" else "Float64"
    for given_prediction in (
        prediction.tolist(),
        prediction[:, None],
        pd.Series(prediction, index=index),
        pd.Series(prediction, dtype=whole),
    ):
        assert score(name, truth.tolist(), given_prediction) == expected
        assert score(name, pd.Series(truth, index=index[::-1]), given_prediction) == expected
    assert isinstance(expected, float)


@of_kind("label", "probability")
def test_labels_may_be_text_and_bools(name):
    truth, prediction, _ = values(name)
    expected = score(name, truth, prediction)
    assert score(name, truth.astype(bool), prediction) == expected
    words = np.array(["cat", "dog"])
    classes = words.tolist() if get(name).ordered else None
    predicted = words[prediction] if get(name).prediction == "label" else prediction
    for text in (
        words[truth],
        words[truth].tolist(),
        pd.Series(words[truth]),
        pd.Series(words[truth], dtype="category"),
    ):
        assert score(name, text, predicted, classes=classes) == expected


@of_kind("probability")
def test_two_columns_are_the_same_as_one(name):
    truth, prediction, _ = values(name)
    both = np.column_stack((1 - prediction, prediction))
    assert score(name, truth, both) == pytest.approx(score(name, truth, prediction), rel=1e-12)
    assert score(name, truth, both[:, ::-1], classes=[1, 0]) == pytest.approx(
        score(name, 1 - truth, 1 - prediction), rel=1e-12
    )


@nominal
def test_probabilities_become_labels(name):
    truth, probability = [0, 1, 1, 0], [0.5, 0.5, 0.9, 0.1]
    assert score(name, truth, probability) == score(name, truth, [1, 1, 1, 0])
    assert score(name, truth, [[0.5, 0.5], [0.5, 0.5], [0.1, 0.9], [0.9, 0.1]]) == score(name, truth, [1, 1, 1, 0])
    three = [[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]]
    assert score(name, ["a", "b", "c"], three) == score(name, ["a", "b", "c"], ["a", "c", "b"])
    assert score(name, ["no", "yes"], [0.0, 1.0]) == score(name, ["no", "yes"], ["no", "yes"])


def test_several_classes():
    truth = np.array([0, 1, 2, 2])
    predicted = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.5, 0.1, 0.4]])
    entropy = -np.log([0.7, 0.5, 0.6, 0.4]).mean()
    assert score("log_loss", truth, predicted) == pytest.approx(entropy)
    assert score("perplexity", truth, predicted) == pytest.approx(math.exp(entropy))
    against_rest = [wins((truth == k).tolist(), predicted[:, k].tolist()) for k in range(3)]
    assert score("roc_auc", truth, predicted) == pytest.approx(mean(against_rest))
    one_each = [f(truth.tolist(), predicted.argmax(axis=1).tolist(), k) for k in range(3)]
    assert score("f1", truth, predicted) == pytest.approx(mean(one_each))
    assert score("perplexity", truth, np.full((4, 3), 1 / 3)) == pytest.approx(3)


def test_a_class_missing_from_the_truth_is_known_by_its_column():
    assert score("log_loss", [0, 0], [[0.5, 0.25, 0.25]] * 2) == pytest.approx(math.log(2))
    assert score("log_loss", [1, 1], [0.5, 0.5]) == pytest.approx(math.log(2))
    assert score("log_loss", ["a", "a"], [0.5, 0.5], classes=["a", "b"]) == pytest.approx(math.log(2))


def test_half_precision_rows_are_brought_to_one():
    predicted = np.array([[0.1, 0.2, 0.7]], dtype=np.float16)
    assert score("log_loss", [2], predicted) == pytest.approx(-math.log(0.7), abs=1e-3)


def test_roc_auc_takes_any_scores_of_two_classes():
    assert score("roc_auc", [0, 1, 1], [-30.0, 2.0, 800.0]) == 1
    assert score("roc_auc", [0, 1], [3.0, 3.0]) == 0.5


@one_column
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_refuses_what_is_not_finite(name, bad):
    truth, prediction, _ = values(name)
    broken = prediction.astype(float)
    broken[3] = bad
    with pytest.raises(MetricError, match=rf"^{name}: y_pred is NaN.* row 3"):
        score(name, truth, broken)
    broken = truth.astype(float)
    broken[3] = bad
    with pytest.raises(MetricError, match=rf"^{name}: y_true is NaN.* row 3"):
        score(name, broken, prediction)


@one_column
def test_refuses_wrong_shapes(name):
    truth, prediction, _ = values(name)
    for wrong, words in (
        ((truth, prediction[1:]), "60 rows but y_pred has 59"),
        ((truth[1:], prediction), "59 rows but y_pred has 60"),
        (([], []), "empty"),
        ((np.column_stack((truth, truth)), prediction), "one value per row"),
        ((truth, prediction[:, None, None]), "shape"),
        ((1, 1), "shape"),
        ((truth, [[1.0], [1.0, 2.0]]), "different lengths"),
        ((truth, np.full((ROWS, 7), 1 / 7)), "one value per row" if name in NUMBERS else ""),
    ):
        if name in NUMBERS or words:
            with pytest.raises(MetricError, match=words):
                score(name, *wrong)


@of_kind("number", "probability")
def test_refuses_text_for_numbers(name):
    truth, prediction, _ = values(name)
    with pytest.raises(MetricError, match="must be numbers, got"):
        score(name, truth, prediction.astype(str))
    with pytest.raises(MetricError, match="must be numbers, got"):
        score(name, truth, [*prediction[:-1], "x"])


@of_kind("number")
def test_refuses_text_as_the_truth_of_numbers(name):
    with pytest.raises(MetricError, match="y_true must be numbers, got '1'"):
        score(name, ["1", "2"], [1, 2])


@of_kind("label", "probability")
def test_refuses_missing_labels(name):
    with pytest.raises(MetricError, match="y_true is NaN, infinite or missing in 1 rows, first in row 1"):
        score(name, ["a", None, "b"], [0.1, 0.2, 0.3])


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_a_correlation_needs_values_that_differ(name):
    for truth, prediction, which in (([1, 1], [1, 2], "y_true"), ([1, 2], [3, 3], "y_pred"), ([1], [1], "y_true")):
        with pytest.raises(MetricError, match=rf"{name}: {which} is constant"):
            score(name, truth, prediction)


def test_nearly_constant_input_is_an_error_rather_than_a_warning():
    with pytest.raises(MetricError, match="pearson is undefined here"):
        score("pearson", [1, 1 + 1e-15, 1], [1, 2, 3])


def test_overflow_is_an_error():
    with pytest.raises(MetricError, match="too large"):
        score("mse", [1e300], [-1e300])


def test_one_class_has_no_roc_auc():
    with pytest.raises(MetricError, match="all 2 classes, got 1 of them"):
        score("roc_auc", [1, 1], [0.2, 0.4])
    with pytest.raises(MetricError, match="all 3 classes, got 2 of them"):
        score("roc_auc", [0, 1], np.full((2, 3), 1 / 3))


def test_f1_without_any_positive_is_undefined():
    with pytest.raises(MetricError, match="second class"):
        score("f1", [0, 0], [0, 0], classes=[0, 1])
    assert score("f1", [0, 1], [0, 0]) == 0


@pytest.mark.parametrize("name", ["log_loss", "perplexity", "accuracy"])
def test_probabilities_lie_between_zero_and_one(name):
    with pytest.raises(MetricError, match=r"1\.2 in row 1"):
        score(name, [0, 1], [0.3, 1.2])
    with pytest.raises(MetricError, match=r"must sum to 1 in each row, got 1\.1 in row 1"):
        score(name, [0, 1], [[0.5, 0.5], [0.5, 0.6]])


@nominal
def test_unknown_labels_are_refused(name):
    with pytest.raises(MetricError, match="y_pred holds the label 'c'; known classes: a, b"):
        score(name, ["a", "b"], ["a", "c"], classes=["a", "b"])
    with pytest.raises(MetricError, match="y_true holds the label 2"):
        score(name, [0, 2], [0, 1], classes=[0, 1])
    with pytest.raises(MetricError, match="different types, such as 0 and 'b'"):
        score(name, [0, 0], ["b", "b"])


@of_kind("probability")
def test_classes_must_fit_the_columns(name):
    for truth, predicted, classes in (
        (["a", "a"], [0.1, 0.2], None),
        (["a", "b", "c"], [0.1, 0.2, 0.3], None),
        ([0, 1], [0.1, 0.2], [0, 1, 2]),
    ):
        with pytest.raises(MetricError, match="classes"):
            score(name, truth, predicted, classes=classes)
    with pytest.raises(MetricError, match="must be unique, got 1 twice"):
        score(name, [0, 1], [0.1, 0.2], classes=[1, 1])


def test_unknown_metric_suggests_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'pearson'"):
        score("peason", [1, 2], [1, 2])


@one_column
@settings(max_examples=25)
@given(
    truth=st.lists(st.one_of(st.floats(), st.integers(-2, 3)), max_size=5),
    prediction=st.lists(st.one_of(st.floats(), st.floats(0, 1), st.integers(-2, 3)), max_size=5),
)
def test_is_a_finite_number_or_a_metric_error(name, truth, prediction):
    try:
        value = score(name, truth, prediction)
    except MetricError as error:
        assert "\n" not in str(error)
    else:
        assert math.isfinite(value)


@pytest.mark.slow
def test_what_others_warn_of_leaves_a_score_defined() -> None:
    """D27: without /dev/shm joblib warns while scikit-learn is imported for the first score."""
    code = (
        "import warnings, sys, types\n"
        "class Finder:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'joblib._multiprocessing_helpers':\n"
        "            print('joblib is imported', file=sys.stderr)\n"
        "            warnings.warn('joblib will operate in serial mode')\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from common.metrics import score\n"
        "print(score('log_loss', [0, 1], [0.5, 0.5]) > 0, score('accuracy', [0, 1], [0, 1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "True 1.0\n" and "joblib is imported" in done.stderr, done.stderr


def test_a_competition_may_bring_its_own_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.metrics.table.METRICS", dict(metrics.METRICS))
    own = metrics.Metric("worst_error", lambda y_true, y_pred: float(abs(y_true - y_pred).max()), False, "number")
    metrics.register(own)
    metrics.register(own)
    assert metrics.score("worst_error", [1, 2], [1.5, 4]) == 2
    with pytest.raises(SettingError, match="belongs to a metric of the kit"):
        metrics.register(metrics.Metric("rmse", own.function, False, "number"))
