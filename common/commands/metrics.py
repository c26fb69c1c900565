"""The metrics: all of them, or one with its definition."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from common.commands.options import Commands, command, report, with_json
from common.wording import listed, table

if TYPE_CHECKING:
    from common.metrics import Metric

GROUP = "look"

_TAKES = {
    "number": "numbers",
    "label": "a label for each row, or probabilities, of which the likeliest counts",
    "probability": "a probability for each class, or that of the second of two",
    "scores": "a score for each label; any number of them may be true",
    "labels": "a list of labels for each row",
    "text": "texts",
    "distribution": "a share for each class, against true shares",
    "mask": "masks as run lengths or pixels",
}


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(commands, "metrics", show, "what a competition can be scored by", "kit metrics map@5")
    parser.add_argument("name", nargs="?", metavar="NAME", help="one metric, as you or Kaggle call it")
    with_json(parser)


def show(arguments: argparse.Namespace) -> None:
    """Print every metric in a line, or one in full."""
    from common.metrics import METRICS, get

    width = get_terminal_size((120, 24)).columns
    if arguments.name is None:
        rows = [["NAME", "BETTER", "TAKES", "ALSO", "ON KAGGLE"]]
        rows += [
            [each.name, _better(each), each.prediction, _also(each), listed(each.used_by)] for each in METRICS.values()
        ]
        report(arguments, [_document(each) for each in METRICS.values()], lambda: table(rows, width))
        return
    metric = get(arguments.name)
    report(arguments, _document(metric), lambda: _description(metric, width))


def _better(metric: Metric) -> str:
    return "higher" if metric.greater_is_better else "lower"


def _also(metric: Metric) -> str:
    return ", ".join([*([f"@{metric.parameter}"] if metric.parameter else []), *metric.columns])


def _document(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "greater_is_better": metric.greater_is_better,
        "takes": metric.prediction,
        "parameter": metric.parameter or None,
        "columns": list(metric.columns),
        "used_by": list(metric.used_by),
        "definition": inspect.getdoc(_function(metric)),
    }


def _description(metric: Metric, width: int) -> str:
    averaged = metric.prediction in ("number", "label", "probability") and not metric.jointly
    facts = {
        "better": _better(metric),
        "takes": _TAKES[metric.prediction] + (" in two columns that are one thing" if metric.jointly else ""),
        "targets": "of several target columns the mean" if averaged else "",
        "parameter": _parameter(metric),
        "of the truth": ", ".join(metric.columns),
        "on Kaggle": ", ".join(metric.used_by),
    }
    rows = table([(key, value) for key, value in facts.items() if value], width)
    return "\n".join([metric.name, str(inspect.getdoc(_function(metric))), "", rows])


def _parameter(metric: Metric) -> str:
    if not metric.parameter:
        return ""
    default = inspect.signature(_function(metric)).parameters[metric.parameter].default
    return f"{metric.name.partition('@')[0]}@{metric.parameter}, {default:g} where the name has none"


def _function(metric: Metric) -> Callable[..., float]:
    """Return a metric's function as it was written, without the parameter that its name has bound."""
    function: Callable[..., float] = getattr(metric.function, "func", metric.function)
    return function
