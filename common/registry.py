"""Competitions are found by folder: `competitions/<name>/competition.py` is all it takes."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from common.competition import Competition
from common.errors import UnknownName


def names() -> list[str]:
    """Return the names of all competitions, sorted."""
    import competitions

    return sorted(module.name for module in pkgutil.iter_modules(competitions.__path__) if module.ispkg)


def get(name: str) -> Competition:
    """Return the description of a competition.

    Raises:
        UnknownName: if no folder has that name.
    """
    _require(name)
    competition: Competition = importlib.import_module(f"competitions.{name}.competition").COMPETITION
    return competition


def model(name: str) -> ModuleType:
    """Return the module with a competition's `build`, `load` and, where it has one, `prepare`."""
    _require(name)
    return importlib.import_module(f"competitions.{name}.model")


def sample(name: str) -> ModuleType:
    """Return the module whose `make(folder, rows, seed)` writes a competition's sample data."""
    _require(name)
    return importlib.import_module(f"competitions.{name}.sample")


def _require(name: str) -> None:
    if name not in (known := names()):
        raise UnknownName("competition", name, known)
