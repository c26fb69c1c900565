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

from common.errors import MetricError, UnknownName
from common.metrics.table import METRICS, get, score

ROWS = 60
every_metric = pytest.mark.parametrize("name", METRICS)


def of_kind(*kinds):
    return pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.prediction in kinds])


def example(name, seed=0):
    """Truth, a middling prediction and the perfect one."""
    rng = np.random.default_rng(seed)
    if METRICS[name].prediction == "number":
        truth = rng.normal(size=ROWS)
        return truth, truth + rng.normal(size=ROWS), truth
    truth = np.r_[0, 1, rng.integers(0, 2, ROWS - 2)]
    if METRICS[name].prediction == "label":
        return truth, np.where(rng.random(ROWS) < 0.3, 1 - truth, truth), truth
    return truth, np.clip(0.3 * truth + 0.6 * rng.random(ROWS), 0.01, 0.99), truth.astype(float)


# References: the definitions, row by row, without the libraries that the metrics use.


def ranks(values):
    return [sum(w < v for w in values) + (sum(w == v for w in values) + 1) / 2 for v in values]


def pearson(y, p):
    my, mp = math.fsum(y) / len(y), math.fsum(p) / len(p)
    cov = math.fsum((a - my) * (b - mp) for a, b in zip(y, p, strict=True))
    return cov / math.sqrt(math.fsum((a - my) ** 2 for a in y) * math.fsum((b - mp) ** 2 for b in p))


def cross_entropy(y, p):
    return -math.fsum(math.log(b if a else 1 - b) for a, b in zip(y, p, strict=True)) / len(y)


def wins(y, p):
    pairs = [(b > a) + (a == b) / 2 for a, t in zip(p, y, strict=True) if not t for b, u in zip(p, y, strict=True) if u]
    return sum(pairs) / len(pairs)


def mean(values):
    return math.fsum(values) / len(values)


def f1(y, p):
    both, either = sum(a and b for a, b in zip(y, p, strict=True)), sum(y) + sum(p)
    return 2 * both / either


REFERENCES = {
    "pearson": pearson,
    "spearman": lambda y, p: pearson(ranks(y), ranks(p)),
    "mse": lambda y, p: mean([(a - b) ** 2 for a, b in zip(y, p, strict=True)]),
    "rmse": lambda y, p: mean([(a - b) ** 2 for a, b in zip(y, p, strict=True)]) ** 0.5,
    "mae": lambda y, p: mean([abs(a - b) for a, b in zip(y, p, strict=True)]),
    "accuracy": lambda y, p: mean([a == b for a, b in zip(y, p, strict=True)]),
    "error_rate": lambda y, p: mean([a != b for a, b in zip(y, p, strict=True)]),
    "f1": f1,
    "log_loss": cross_entropy,
    "roc_auc": wins,
    "perplexity": lambda y, p: math.exp(cross_entropy(y, p)),
}


@every_metric
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_agrees_with_its_definition(name, seed):
    truth, prediction, _ = example(name, seed)
    assert score(name, truth, prediction) == pytest.approx(REFERENCES[name](truth.tolist(), prediction.tolist()))


@every_metric
def test_direction_and_best(name):
    truth, middling, perfect = example(name)
    best, middle, worst = (score(name, truth, p) for p in (perfect, middling, 1 - perfect if name in WORST else -truth))
    ordered = [worst, middle, best] if get(name).greater_is_better else [best, middle, worst]
    assert ordered == sorted(ordered)
    assert best != middle != worst
    assert best == pytest.approx({"perplexity": 1}.get(name, float(get(name).greater_is_better)), abs=1e-9)


WORST = {name for name, metric in METRICS.items() if metric.prediction != "number"}


@every_metric
@settings(max_examples=20)
@given(order=st.permutations(range(ROWS)))
def test_order_of_rows_does_not_matter(name, order):
    truth, prediction, _ = example(name)
    assert score(name, truth[order], prediction[order]) == pytest.approx(score(name, truth, prediction), rel=1e-12)


@every_metric
def test_containers_do_not_matter(name):
    truth, prediction, _ = example(name)
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
    truth, prediction, _ = example(name)
    expected = score(name, truth, prediction)
    assert score(name, truth.astype(bool), prediction) == expected
    words = np.array(["cat", "dog"])
    predicted = words[prediction] if get(name).prediction == "label" else prediction
    for text in (
        words[truth],
        words[truth].tolist(),
        pd.Series(words[truth]),
        pd.Series(words[truth], dtype="category"),
    ):
        assert score(name, text, predicted) == expected


@of_kind("probability")
def test_two_columns_are_the_same_as_one(name):
    truth, prediction, _ = example(name)
    both = np.column_stack((1 - prediction, prediction))
    assert score(name, truth, both) == pytest.approx(score(name, truth, prediction), rel=1e-12)
    assert score(name, truth, both[:, ::-1], classes=[1, 0]) == pytest.approx(
        score(name, 1 - truth, 1 - prediction), rel=1e-12
    )


@of_kind("label")
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
    one_each = [f1((truth == k).tolist(), (predicted.argmax(axis=1) == k).tolist()) for k in range(3)]
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


@every_metric
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_refuses_what_is_not_finite(name, bad):
    truth, prediction, _ = example(name)
    broken = prediction.astype(float)
    broken[3] = bad
    with pytest.raises(MetricError, match=rf"^{name}: y_pred is NaN.* row 3"):
        score(name, truth, broken)
    broken = truth.astype(float)
    broken[3] = bad
    with pytest.raises(MetricError, match=rf"^{name}: y_true is NaN.* row 3"):
        score(name, broken, prediction)


@every_metric
def test_refuses_wrong_shapes(name):
    truth, prediction, _ = example(name)
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


NUMBERS = {name for name, metric in METRICS.items() if metric.prediction == "number"}


@of_kind("number", "probability")
def test_refuses_text_for_numbers(name):
    truth, prediction, _ = example(name)
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


@of_kind("label")
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


@every_metric
@settings(max_examples=60)
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
        "        if name == 'joblib._multiprocessing_helpers': warnings.warn('joblib will operate in serial mode')\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from common.metrics import score\n"
        "print(score('log_loss', [0, 1], [0.5, 0.5]) > 0, score('accuracy', [0, 1], [0, 1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "True 1.0\n" and "serial mode" in done.stderr, done.stderr
