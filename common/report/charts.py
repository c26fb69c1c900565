"""Charts as Vega-Lite specifications of data that were aggregated before; colours come from the page, light or dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_MARKS = 2_000
Row = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart with its title, a sentence that says what to look for, and what a reader without eyes gets to know."""

    name: str
    title: str
    note: str
    spec: dict[str, Any]


def chart(name: str, title: str, note: str, rows: Sequence[Mapping[str, Any]], height: int = 240, **spec: Any) -> Chart:
    """Return a chart of some rows.

    Raises:
        ValueError: for more rows than a page should draw.
    """
    if len(rows) > MOST_MARKS:
        raise ValueError(f"{name} has {len(rows)} marks, and a chart {MOST_MARKS} at most; aggregate them first")
    values = [{key: _plain(value) for key, value in row.items()} for row in rows]
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "description": f"{title}. {note}",
        "data": {"values": values},
    }
    return Chart(name, title, note, whole | spec)


def axis(field: str, title: str | None, kind: str = "quantitative", **more: Any) -> dict[str, Any]:
    """Return the encoding of a field along an axis or as a colour."""
    return {"field": field, "type": kind, "title": title} | more


def folds(scores: Mapping[int, float | None], cv: float | None, metric: str) -> Chart | None:
    """Return the scores of the folds beside that of all rows."""
    rows = [{"fold": str(fold), "score": value} for fold, value in scores.items() if value is not None]
    if not rows:
        return None
    known = [value for value in scores.values() if value is not None]
    low, high = min(known), max(known)
    room = max(high - low, abs(high) * 0.01, 1e-9) * 0.6
    scale = {"domain": [low - room, high + room], "zero": False}
    points = {
        "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
        "encoding": {
            "y": axis("fold", "fold", "nominal", sort=None),
            "x": axis("score", metric, scale=scale),
            "tooltip": [axis("fold", "fold", "nominal"), axis("score", metric, format=".5f")],
        },
    }
    layers: list[Row] = [points]
    if cv is not None:
        rule = {
            "mark": {"type": "rule", "strokeDash": [5, 4], "color": "accent2", "strokeWidth": 2},
            "data": {"values": [{"cv": cv}]},
        }
        layers.insert(
            0, {**rule, "encoding": {"x": axis("cv", metric), "tooltip": [axis("cv", "all rows", format=".5f")]}}
        )
    return chart(
        "folds",
        "Scores of the folds",
        "The dashed line is the score of all rows together.",
        rows,
        height=max(110, 30 * len(rows)),
        layer=layers,
    )


def curves(
    name: str, title: str, note: str, lines: Mapping[str, Iterable[Sequence[float]]], x: str, y: str
) -> Chart | None:
    """Return lines of (x, y) points by name; of long ones every so many points."""
    series = {
        key: [pair for pair in pairs if len(pair) == 2 and math.isfinite(pair[1])] for key, pairs in lines.items()
    }
    series = {key: pairs for key, pairs in series.items() if pairs}
    if not series:
        return None
    most = max(2, MOST_MARKS // len(series))
    rows = [
        {"line": key, "x": pair[0], "y": pair[1]}
        for key, pairs in series.items()
        for pair in pairs[:: -(-len(pairs) // most)]
    ]
    few = max(map(len, series.values())) <= 30
    return chart(
        name,
        title,
        note,
        rows,
        mark={"type": "line", "point": few, "strokeWidth": 2},
        encoding={
            "x": axis("x", x),
            "y": axis("y", y, scale={"zero": False}),
            "color": axis("line", None, "nominal"),
            "tooltip": [axis("line", "line", "nominal"), axis("x", x), axis("y", y, format=".5f")],
        },
    )


def heat(
    name: str, title: str, note: str, across: NDArray[Any], down: NDArray[Any], x: str, y: str, bins: int = 40
) -> Chart | None:
    """Return a two-dimensional histogram of n pairs, with the line on which both are equal."""
    import numpy as np

    if not len(across):
        return None
    low, high = (float(bound) for bound in (min(across.min(), down.min()), max(across.max(), down.max())))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    counts, edges, _ = np.histogram2d(across, down, bins=bins, range=[[low, high], [low, high]])
    rows = [
        {"x": edges[i], "x2": edges[i + 1], "y": edges[j], "y2": edges[j + 1], "rows": int(counts[i, j])}
        for i, j in zip(*np.nonzero(counts), strict=True)
    ]
    scale = {"domain": [low, high], "nice": False}
    line = {
        "data": {"values": [{"a": low, "b": low}, {"a": high, "b": high}]},
        "mark": {"type": "line", "strokeDash": [5, 4], "color": "accent2"},
    }
    cells = {
        "mark": {"type": "rect", "stroke": None},
        "encoding": {
            "x": axis("x", x, scale=scale),
            "x2": {"field": "x2"},
            "y": axis("y", y, scale=scale),
            "y2": {"field": "y2"},
            "color": axis(
                "rows", "rows", scale={"type": "log", "range": "ramp"}, legend={"format": ",.0f", "tickCount": 4}
            ),
            "tooltip": [axis("x", x, format=".4g"), axis("y", y, format=".4g"), axis("rows", "rows", format=",")],
        },
    }
    return chart(
        name,
        title,
        note,
        rows,
        height=340,
        layer=[cells, {**line, "encoding": {"x": axis("a", x), "y": axis("b", y)}}],
    )


def bands(
    name: str,
    title: str,
    note: str,
    parts: Mapping[str, NDArray[Any]],
    x: str,
    bins: int = 50,
    bounds: tuple[float, float] | None = None,
) -> Chart | None:
    """Return histograms over one another, each as shares of its own rows."""
    import numpy as np

    parts = {key: values[np.isfinite(values)] for key, values in parts.items()}
    parts = {key: values for key, values in parts.items() if len(values)}
    if not parts:
        return None
    together = np.concatenate(list(parts.values()))
    low, high = bounds or (float(bound) for bound in np.quantile(together, [0.001, 0.999]))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    rows = []
    for key, values in parts.items():
        counts, edges = np.histogram(np.clip(values, low, high), bins=bins, range=(low, high))
        rows += [
            {"part": key, "x": edges[i], "x2": edges[i + 1], "share": counts[i] / len(values), "rows": int(counts[i])}
            for i in range(bins)
        ]
    return chart(
        name,
        title,
        note,
        rows,
        mark={"type": "area", "interpolate": "step", "opacity": 0.35, "line": {"strokeWidth": 1.5}},
        encoding={
            "x": axis("x", x, scale={"nice": False}),
            "y": axis("share", "share of rows", stack=None, axis={"format": ".1%"}),
            "color": axis("part", None, "nominal", sort=list(parts)),
            "tooltip": [axis("part", "part", "nominal"), axis("x", x, format=".4g"), axis("rows", "rows", format=",")],
        },
    )


def bars(
    name: str, title: str, note: str, rows: Sequence[Mapping[str, Any]], y: str, x: str, form: str = ",.1f"
) -> Chart | None:
    """Return horizontal bars: `y` names them, `x` is how long they are."""
    if not rows:
        return None
    return chart(
        name,
        title,
        note,
        rows,
        height=max(80, 26 * len(rows)),
        mark={"type": "bar", "cornerRadiusEnd": 3},
        encoding={
            "y": axis(y, None, "nominal", sort=None, axis={"labelLimit": 160}),
            "x": axis(x, x),
            "tooltip": [axis(y, y, "nominal"), axis(x, x, format=form)],
        },
    )


def scatter(
    name: str, title: str, note: str, rows: Sequence[Mapping[str, Any]], x: str, y: str, label: str
) -> Chart | None:
    """Return points with names."""
    if not rows:
        return None
    return chart(
        name,
        title,
        note,
        rows,
        height=300,
        mark={"type": "point", "filled": True, "size": 90, "opacity": 0.85},
        encoding={
            "x": axis(x, x, scale={"zero": False, "padding": 12}),
            "y": axis(y, y, scale={"zero": False, "padding": 12}),
            "tooltip": [axis(label, label, "nominal"), axis(x, x, format=".5f"), axis(y, y, format=".5f")],
        },
    )


def _plain(value: Any) -> Any:
    """Return a NumPy number as a plain one, rounded to what can be seen; NaN as nothing."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
