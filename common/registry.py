"""Competitions are found by folder: `competitions/<name>/competition.py` is all it takes."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from common.competition import Competition
from common.errors import KitError, UnknownName
from common.model import Models

DESCRIPTION = "competition.py"


class MissingPart(KitError):
    """A part that a competition's folder lacks."""


def names() -> list[str]:
    """Return the names of all competitions, sorted."""
    import competitions

    found = (path.parent.name for root in competitions.__path__ for path in Path(root).glob(f"*/{DESCRIPTION}"))
    return sorted(name for name in found if name.isidentifier())


def get(name: str) -> Competition:
    """Return the description of a competition.

    Raises:
        UnknownName: if no folder has that name.
    """
    competition: Competition = _part(name, "competition").COMPETITION
    return competition


def models(name: str) -> Models:
    """Return a competition's models: `MODELS` of its `model.py`.

    Raises:
        UnknownName: if no folder has that name.
        MissingPart: if its `model.py` offers none.
    """
    offered = getattr(_part(name, "model"), "MODELS", None)
    if not isinstance(offered, Models):
        raise MissingPart(f"competitions/{name}/model.py must set MODELS to an object of a class derived from Models")
    return offered


def sample(name: str) -> ModuleType:
    """Return the module whose `make(folder, rows, seed)` writes a competition's sample data."""
    return _part(name, "sample")


def _part(name: str, part: str) -> ModuleType:
    if name not in (known := names()):
        raise UnknownName("competition", name, known)
    module = f"competitions.{name}.{part}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise MissingPart(f"competitions/{name} has no {part}.py") from None
