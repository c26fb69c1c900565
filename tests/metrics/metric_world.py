"""Examples for every metric, and the definitions computed by plain loops, without the libraries that the metrics use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from common.metrics import METRICS

ROWS = 60


@dataclass(frozen=True)
class Example:
    truth: Any
    middling: Any
    perfect: Any
    worst: Any
    columns: Mapping[str, Any] = field(default_factory=dict)


def example(name: str, seed: int = 0) -> Example:
    """Return truth and predictions for a metric, of ROWS rows."""
    rng = np.random.default_rng(seed)
    metric = METRICS[name]
    given = {"weight": rng.random(ROWS) + 0.1, "group": np.array(["a", "b", "c"])[rng.integers(0, 3, ROWS)]}
    columns = {key: given[key] for key in metric.columns}
    if metric.jointly:
        truth = rng.uniform((0.3, -1), (1.2, 1), (ROWS, 2))
        return Example(truth, truth + rng.normal(scale=0.1, size=truth.shape), truth, -truth, columns)
    if name == "kendall_tau":
        orders = ["".join(rng.permutation(list("abcdefg"[: rng.integers(2, 8)]))) for _ in range(ROWS)]
        swapped = [order[1::-1] + order[2:] for order in orders]
        return Example(
            *(list(map(list, side)) for side in (orders, swapped, orders, [x[::-1] for x in orders])), columns
        )
    return _KINDS[metric.prediction](rng, columns)


def _number(rng, columns):
    truth = rng.gamma(2, size=ROWS)
    return Example(truth, np.abs(truth + rng.normal(size=ROWS)), truth, truth.max() - truth, columns)


def _label(rng, columns):
    truth = np.r_[0, 1, rng.integers(0, 2, ROWS - 2)]
    return Example(truth, np.where(rng.random(ROWS) < 0.3, 1 - truth, truth), truth, 1 - truth, columns)


def _probability(rng, columns):
    truth = np.r_[0, 1, rng.integers(0, 2, ROWS - 2)]
    middling = np.clip(0.3 * truth + 0.6 * rng.random(ROWS), 0.01, 0.99)
    return Example(truth, middling, truth.astype(float), 1.0 - truth, columns)


def _scores(rng, columns):
    truth = np.vstack((np.eye(4, dtype=int), rng.integers(0, 2, (ROWS - 4, 4))))
    return Example(truth, 0.3 * truth + 0.6 * rng.random(truth.shape), truth, 1 - truth, columns)


def _labels(rng, columns):
    truth, middling = (
        [rng.permutation(list("abcdef"))[: rng.integers(1, most)].tolist() for _ in range(ROWS)] for most in (5, 7)
    )
    return Example(truth, middling, truth, [["z"] * 9] * ROWS, columns)


def _text(rng, columns):
    words = np.array(["cat", "Dog", "a", "mouse", "of", "the"])
    truth = [" ".join(words[rng.permutation(6)[: rng.integers(1, 5)]]) for _ in range(ROWS)]
    middling = [" ".join(words[rng.permutation(6)[: rng.integers(1, 5)]]) for _ in range(ROWS)]
    return Example(truth, middling, truth, ["zzzzz " * 9] * ROWS, columns)


def _distribution(rng, columns):
    truth = rng.dirichlet(np.ones(4), ROWS)
    return Example(truth, rng.dirichlet(np.ones(4), ROWS), truth, np.eye(4)[truth.argmin(axis=1)], columns)


def _mask(rng, columns):
    truth = rng.random((ROWS, 4, 5)) < 0.5
    truth[:, 0, 0] = True
    return Example(truth, truth ^ (rng.random(truth.shape) < 0.2), truth, ~truth, columns)


def _objects(rng, columns):
    """Rows of up to four objects along 40 pixels, most of them found with other ends."""
    truth, middling = [], []
    for _ in range(ROWS):
        runs = [(10 * place + int(rng.integers(0, 3)), int(rng.integers(4, 8))) for place in range(rng.integers(1, 5))]
        found = [(start + int(rng.integers(0, 2)), length) for start, length in runs if rng.random() < 0.8]
        truth.append(";".join(f"{start} {length}" for start, length in runs))
        middling.append(";".join(f"{start} {length}" for start, length in found))
    return Example(truth, middling, truth, ["50 3"] * ROWS, columns)


def _pixels(rng, columns):
    truth = rng.integers(0, 4, (ROWS, 4, 5)).astype(np.uint8)
    middling, worst = np.where(rng.random(truth.shape) < 0.2, (truth + 1) % 4, truth), (truth + 1) % 4
    truth = np.where(rng.random(truth.shape) < 0.1, 255, truth)
    return Example(truth, middling, np.where(truth == 255, 0, truth), worst, columns)


_KINDS = {
    "number": _number, "label": _label, "probability": _probability, "scores": _scores, "labels": _labels,
    "text": _text, "distribution": _distribution, "mask": _mask,
    "objects": _objects, "pixels": _pixels,
}  # fmt: skip


# The definitions ------------------------------------------------------------------------------------------------------


def mean(values):
    values = list(values)
    return math.fsum(values) / len(values)


def both(y, p):
    return list(zip(y, p, strict=True))


def ranks(values):
    return [sum(w < v for w in values) + (sum(w == v for w in values) + 1) / 2 for v in values]


def pearson(y, p):
    my, mp = mean(y), mean(p)
    cov = math.fsum((a - my) * (b - mp) for a, b in both(y, p))
    return cov / math.sqrt(math.fsum((a - my) ** 2 for a in y) * math.fsum((b - mp) ** 2 for b in p))


def mse(y, p):
    return mean((a - b) ** 2 for a, b in both(y, p))


def absolute(y, p):
    return [abs(a - b) for a, b in both(y, p)]


def median(values):
    values = sorted(values)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def grouped(values, group):
    return [[v for v, g in both(values, group) if g == one] for one in sorted(set(group))]


def gini(y, p):
    """As the definition draws it: the area between the Lorenz curve of the sorted truth and the diagonal."""

    def area(order):
        share, below = 0.0, []
        for row in order:
            share += y[row]
            below.append(share / sum(y))
        return sum(below) - (len(y) + 1) / 2

    return area(sorted(range(len(y)), key=lambda i: -p[i])) / area(sorted(range(len(y)), key=lambda i: -y[i]))


def unit(latitude, longitude):
    return (math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude), math.sin(latitude))


def angle(a, b):
    return 2 * math.asin(min(1, math.dist(a, b) / 2))


def angular(y, p):
    return mean(angle(unit(math.pi / 2 - a[1], a[0]), unit(math.pi / 2 - b[1], b[0])) for a, b in both(y, p))


def metres(y, p):
    return [6_371_000 * angle(unit(*map(math.radians, a)), unit(*map(math.radians, b))) for a, b in both(y, p)]


def quantile(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    low = math.floor(place)
    return values[low] + (place - low) * (values[min(low + 1, len(values) - 1)] - values[low])


def recall(y, p, label):
    return mean(b == label for a, b in both(y, p) if a == label)


def f(y, p, label=1, beta=1):
    hits = sum(a == b == label for a, b in both(y, p))
    missed = sum(a == label != b for a, b in both(y, p))
    false = sum(b == label != a for a, b in both(y, p))
    return (1 + beta**2) * hits / ((1 + beta**2) * hits + beta**2 * missed + false)


def kappa(y, p):
    expected = mean((a - b) ** 2 for a in y for b in p)
    return 1 - mse(y, p) / expected


def cross_entropies(y, p):
    return [-math.log(b if a else 1 - b) for a, b in both(y, p)]


def weighted(values, weight):
    return sum(v * w for v, w in both(values, weight)) / sum(weight)


def wins(y, p):
    pairs = [(b > a) + (a == b) / 2 for a, t in both(p, y) if not t for b, u in both(p, y) if u]
    return sum(pairs) / len(pairs)


def average_precision(y, p):
    steps = [(t, mean(a for a, b in both(y, p) if b >= t)) for t in sorted(set(p), reverse=True)]
    return sum(precision * sum(a for a, b in both(y, p) if b == t) / sum(y) for t, precision in steps)


def weighted_auc(y, p):
    """The share of a positive's wins over the negatives; the 40 % of the positives that score best count twice."""
    scores = sorted((b for a, b in both(y, p) if a), reverse=True)
    negatives = [b for a, b in both(y, p) if not a]
    total = 0.0
    for place, one in enumerate(scores):
        doubled = min(1, max(0, 0.4 * len(scores) - place))  # part of this positive that is among the first 40 %
        total += (1 + doubled) * mean((one > other) + (one == other) / 2 for other in negatives)
    return total / len(scores) / 1.4


def cells(y):
    return [cell for row in y for cell in row]


def lwlrap(y, p):
    found = []
    for true, scores in both(y, p):
        for label, score in enumerate(scores):
            if true[label]:
                above = [t for t, s in both(true, scores) if s >= score]
                found.append(sum(above) / len(above))
    return mean(found)


def average_precision_at(true, predicted, k):
    seen, total = [], 0.0
    for place in range(min(k, len(predicted))):
        if predicted[place] in true and predicted[place] not in predicted[:place]:
            seen.append(predicted[place])
            total += len(seen) / (place + 1)
    return total / min(len(true), k)


def ndcg_at(true, predicted, k):
    gains = [1 / math.log2(place + 2) for place, label in enumerate(predicted[:k]) if label in true]
    return sum(gains) / sum(1 / math.log2(place + 2) for place in range(min(len(true), k)))


def set_f(true, predicted, beta=1):
    hits = sum(label in true for label in predicted)
    return (1 + beta**2) * hits / (beta**2 * len(true) + len(predicted))


def concordance(y, p):
    kept = total = 0
    for true, predicted in both(y, p):
        for i, a in enumerate(true):
            for b in true[i + 1 :]:
                total += 1
                kept += predicted.index(a) < predicted.index(b)
    return (2 * kept - total) / total


def distance(a, b):
    """Fewest edits, by the rows of the table of all prefixes (Wagner and Fischer 1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


def jaccard(a, b):
    a, b = set(a), set(b)
    return len(a.intersection(b)) / len(a.union(b))


def pixels(mask):
    return {number for number, pixel in enumerate(cells(mask)) if pixel}


def dice(a, b):
    return 2 * len(pixels(a) & pixels(b)) / (len(pixels(a)) + len(pixels(b)))


def overlap(a, b):
    return jaccard(pixels(a), pixels(b))


def objects(cell):
    """The sets of the pixels of each object."""
    found = []
    for text in filter(None, cell.split(";")):
        numbers = [int(word) for word in text.split()]
        found.append({pixel for start, length in zip(numbers[::2], numbers[1::2], strict=True)
                      for pixel in range(start, start + length)})  # fmt: skip
    return found


def object_precision(a, b):
    true, predicted = objects(a), objects(b)

    def at(percent):
        hits = sum(any(100 * len(one & other) > percent * len(one | other) for one in true) for other in predicted)
        return hits / (len(true) + len(predicted) - hits)

    return mean(at(percent) for percent in range(50, 100, 5))


def counted(y, p):
    """True and predicted class of every pixel that is not void."""
    return [
        (int(a), int(b)) for true, predicted in both(y, p) for a, b in both(cells(true), cells(predicted)) if a != 255
    ]


def class_iou(y, p):
    pairs = counted(y, p)

    def of(label):
        either = [a == b for a, b in pairs if label in (a, b)]
        return sum(either) / len(either)

    return mean(of(label) for label in sorted({label for pair in pairs for label in pair}))


def passed(value):
    return mean(value > threshold / 100 + 1e-12 for threshold in range(50, 100, 5))


REFERENCES = {
    "pearson": pearson,
    "spearman": lambda y, p: pearson(ranks(y), ranks(p)),
    "mse": mse,
    "rmse": lambda y, p: mse(y, p) ** 0.5,
    "rmsle": lambda y, p: mse([math.log(1 + a) for a in y], [math.log(1 + b) for b in p]) ** 0.5,
    "mae": lambda y, p: mean(absolute(y, p)),
    "weighted_mae": lambda y, p, weight: weighted(absolute(y, p), weight),
    "weighted_rmse": lambda y, p, weight: weighted([(a - b) ** 2 for a, b in both(y, p)], weight) ** 0.5,
    "log_mae_by_group": lambda y, p, group: mean(math.log(mean(each)) for each in grouped(absolute(y, p), group)),
    "median_absolute_error": lambda y, p: median(absolute(y, p)),
    "mape": lambda y, p: mean(abs(a - b) / a for a, b in both(y, p)),
    "rmspe": lambda y, p: mean(((a - b) / a) ** 2 for a, b in both(y, p)) ** 0.5,
    "smape": lambda y, p: 100 * mean(abs(a - b) / ((a + b) / 2) for a, b in both(y, p)),
    "r2": lambda y, p: 1 - mse(y, p) / mse(y, [mean(y)] * len(y)),
    "gini": gini,
    "angular_error": angular,
    "haversine": lambda y, p: mean(metres(y, p)),
    "haversine_by_group": lambda y, p, group: mean(
        (median(each) + quantile(each, 0.95)) / 2 for each in grouped(metres(y, p), group)
    ),
    "accuracy": lambda y, p: mean(a == b for a, b in both(y, p)),
    "error_rate": lambda y, p: mean(a != b for a, b in both(y, p)),
    "balanced_accuracy": lambda y, p: mean(recall(y, p, label) for label in set(y)),
    "f1": f,
    "f1_macro": lambda y, p: mean(f(y, p, label) for label in (0, 1)),
    "f1_weighted": lambda y, p: mean(f(y, p, label) for label in y),
    "precision": lambda y, p: sum(a and b for a, b in both(y, p)) / sum(p),
    "recall": lambda y, p: recall(y, p, 1),
    "fbeta": f,
    "fbeta_macro": lambda y, p: mean(f(y, p, label) for label in (0, 1)),
    "quadratic_weighted_kappa": kappa,
    "matthews": pearson,  # which of zeros and ones is the phi coefficient
    "log_loss": lambda y, p: mean(cross_entropies(y, p)),
    "weighted_log_loss": lambda y, p, weight: weighted(cross_entropies(y, p), weight),
    "balanced_log_loss": lambda y, p: mean(mean(each) for each in grouped(cross_entropies(y, p), y)),
    "brier": lambda y, p: mse(y, p),
    "perplexity": lambda y, p: math.exp(mean(cross_entropies(y, p))),
    "roc_auc": wins,
    "weighted_auc": weighted_auc,
    "average_precision": average_precision,
    "probabilistic_f1": lambda y, p: 2 * sum(b for a, b in both(y, p) if a) / (sum(y) + sum(p)),
    "roc_auc_micro": lambda y, p: wins(cells(y), cells(p)),
    "average_precision_micro": lambda y, p: average_precision(cells(y), cells(p)),
    "lwlrap": lwlrap,
    "map": lambda y, p, k=5: mean(average_precision_at(a, b, k) for a, b in both(y, p)),
    "ndcg": lambda y, p, k=5: mean(ndcg_at(a, b, k) for a, b in both(y, p)),
    "f1_micro": lambda y, p: set_f(*([(row, x) for row, xs in enumerate(side) for x in xs] for side in (y, p))),
    "f1_samples": lambda y, p: mean(set_f(a, b) for a, b in both(y, p)),
    "fbeta_micro": lambda y, p, beta=1: set_f(
        *([(row, x) for row, xs in enumerate(side) for x in xs] for side in (y, p)), beta
    ),
    "fbeta_samples": lambda y, p, beta=1: mean(set_f(a, b, beta) for a, b in both(y, p)),
    "kendall_tau": concordance,
    "sequence_error_rate": lambda y, p: sum(distance(a, b) for a, b in both(y, p)) / sum(len(a) for a in y),
    "word_jaccard": lambda y, p: mean(jaccard(a.lower().split(" "), b.lower().split(" ")) for a, b in both(y, p)),
    "levenshtein": lambda y, p: mean(distance(a, b) for a, b in both(y, p)),
    "character_error_rate": lambda y, p: sum(distance(a, b) for a, b in both(y, p)) / sum(len(a) for a in y),
    "kl_divergence": lambda y, p: mean(
        math.fsum(a * math.log(a / b) for a, b in both(*row)) for row in both(y, p)
    ),
    "dice": lambda y, p: mean(dice(a, b) for a, b in both(y, p)),
    "dice_global": lambda y, p: dice([cells(a) for a in y], [cells(b) for b in p]),
    "fbeta_pixels": lambda y, p, beta=1: mean(
        f(list(map(int, cells(a))), list(map(int, cells(b))), beta=beta) for a, b in both(y, p)
    ),
    "iou": lambda y, p: mean(overlap(a, b) for a, b in both(y, p)),
    "iou_precision": lambda y, p: mean(passed(overlap(a, b)) for a, b in both(y, p)),
    "object_precision": lambda y, p: mean(object_precision(a, b) for a, b in both(y, p)),
    "pixel_accuracy": lambda y, p: mean(a == b for a, b in counted(y, p)),
    "pixel_iou": class_iou,
}  # fmt: skip
