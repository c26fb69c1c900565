"""Charts of classes: which are taken for which, and whether probabilities come true as often as they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common.report.charts import MOST_MARKS, Chart, Row, axis, chart

if TYPE_CHECKING:
    from numpy.typing import NDArray


def confusion(counts: NDArray[Any], names: Sequence[str]) -> Chart | None:
    """Return a confusion matrix; of more classes than can be drawn, the ones that are most often taken for another."""
    import numpy as np

    most = math.isqrt(MOST_MARKS)
    keep = np.arange(len(names))
    if len(names) > most:
        wrong = counts.sum(axis=1) + counts.sum(axis=0) - 2 * np.diag(counts)
        keep = np.sort(np.argsort(-wrong, kind="stable")[:most])
    counts, names = counts[np.ix_(keep, keep)], [names[number] for number in keep.tolist()]
    if not counts.sum():
        return None
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = [
        {"true": names[i], "predicted": names[j], "rows": int(counts[i, j]), "share": shares[i, j]}
        for i in range(len(names))
        for j in range(len(names))
        if counts[i, j]
    ]
    encoding = {
        "x": axis(
            "predicted", "predicted", "nominal", sort=list(names), axis={"labelAngle": -60 if len(names) > 4 else 0}
        ),
        "y": axis("true", "true", "nominal", sort=list(names)),
    }
    cells = {
        "mark": {"type": "rect", "stroke": None},
        "encoding": {
            "color": axis(
                "share", "share of the true class", scale={"domain": [0, 1], "range": "ramp"}, legend={"format": ".0%"}
            ),
            "tooltip": [
                axis("true", "true", "nominal"),
                axis("predicted", "predicted", "nominal"),
                axis("rows", "rows", format=","),
                axis("share", "share", format=".1%"),
            ],
        },
    }
    layers: list[Row] = [cells]
    if len(names) <= 12:
        colour = {"condition": {"test": "datum.share > 0.5", "value": "paper"}, "value": "ink"}
        layers.append(
            {
                "mark": {"type": "text", "fontSize": 12},
                "encoding": {"text": axis("rows", None, format=","), "color": colour},
            }
        )
    return chart(
        "confusion",
        "Confusion matrix",
        "True classes down, predicted ones across; the diagonal is right.",
        rows,
        height=min(620, max(200, 22 * len(names) + 60)),
        encoding=encoding,
        layer=layers,
    )


def calibration(predicted: NDArray[Any], came_true: NDArray[Any], what: str, bins: int = 15) -> Chart | None:
    """Return a reliability diagram: how often it came true where so much was predicted, with one standard error."""
    import numpy as np

    place = np.minimum((predicted * bins).astype(int), bins - 1)
    rows = []
    for number in range(bins):
        inside = place == number
        if count := int(inside.sum()):
            share = float(came_true[inside].mean())
            error = math.sqrt(max(share * (1 - share), 0.25 / count) / count)
            rows.append(
                {
                    "predicted": float(predicted[inside].mean()),
                    "share": share,
                    "rows": count,
                    "low": max(0.0, share - error),
                    "high": min(1.0, share + error),
                }
            )
    if not rows:
        return None
    scale = {"domain": [0, 1]}
    x, y = axis("predicted", f"predicted {what}", scale=scale), axis("share", "came true", scale=scale)
    line = {
        "data": {"values": [{"a": 0, "b": 0}, {"a": 1, "b": 1}]},
        "mark": {"type": "line", "strokeDash": [5, 4], "color": "accent2"},
    }
    tooltip = [
        axis("predicted", "predicted", format=".3f"),
        axis("share", "came true", format=".3f"),
        axis("rows", "rows", format=","),
    ]
    return chart(
        "calibration",
        "Calibration",
        "Points below the dashed line: the model is too sure.",
        rows,
        height=300,
        layer=[
            {**line, "encoding": {"x": axis("a", f"predicted {what}"), "y": axis("b", "came true")}},
            {"mark": {"type": "rule"}, "encoding": {"x": x, "y": axis("low", "came true"), "y2": {"field": "high"}}},
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"x": x, "y": y, "tooltip": tooltip},
            },
        ],
    )
