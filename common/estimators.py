"""Fitted scikit-learn estimators in files that run no code when they are read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from common.errors import DeviceError

TREES = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor", "functools.partial",
    "sklearn.utils.validation.check_array", "numpy.dtype",
)  # fmt: skip
"""What skops does not know itself of boosted trees: they, how they check codes of categories, types of numbers."""
# What scikit-learn 1.6 lists the other columns of a ColumnTransformer in, which skops does not know.
_COLUMNS = "sklearn.compose._column_transformer._RemainderColsList"
_ADAPTER = "sklearn.externals.array_api_compat.torch"


def require_skops() -> None:
    """Check, before training rather than when a model is to be saved or read, that the file format is there.

    Raises:
        DeviceError: if it is not.
    """
    if find_spec("skops") is None:
        raise DeviceError(
            "the package skops, which keeps scikit-learn models in files, is missing: pip install skops, or attach the "
            "dataset of kit dataset wheels"
        )


def save(estimators: Any, path: Path) -> None:
    """Write one or several fitted estimators."""
    _skops().dump(estimators, path)


def load(path: Path, trusted: Sequence[str] = ()) -> Any:
    """Return what `save` wrote; `trusted` names classes in it that skops does not know itself."""
    return _skops().load(path, trusted=[*trusted, _COLUMNS])


def _skops() -> Any:
    """Return skops' module, imported without PyTorch, which would take longer than all the rest of a small run.

    skops asks scikit-learn for all of its estimators, which imports every package below itself: its adapter for PyTorch, too.
    """
    first = not {_ADAPTER, "skops.io"} & sys.modules.keys()
    if first:
        sys.modules[_ADAPTER] = None  # type: ignore[assignment]  # as one that is not installed
    try:
        from skops import io
    finally:
        if first:
            del sys.modules[_ADAPTER]
    return io
