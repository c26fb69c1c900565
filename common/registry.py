"""Competitions are found by folder: `competitions/<name>/competition.py` is all it takes."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from common import metrics
from common.competition import Competition
from common.errors import KernelError, KitError, UnknownName
from common.model import Models
from common.samples import Maker
from common.wording import first_line

DESCRIPTION = "competition.py"
SAMPLE = "sample.py"


class BrokenPart(KitError):
    """A part of a competition's folder that is missing, cannot be imported or offers nothing."""


def names() -> list[str]:
    """Return the names of all competitions, sorted."""
    found = (path.parent.name for root in _roots() for path in Path(root).glob(f"*/{DESCRIPTION}"))
    return sorted(name for name in found if name.isidentifier())


def get(name: str) -> Competition:
    """Return the description of a competition.

    Raises:
        UnknownName: if no folder has that name.
        BrokenPart: if its `competition.py` describes none, or names a metric that does not exist.
    """
    described = getattr(_part(name, "competition"), "COMPETITION", None)
    if not isinstance(described, Competition):
        raise BrokenPart(f"competitions/{name}/competition.py must set COMPETITION to a Competition")
    for metric in (described.metric, *described.also_report):
        if metric.partition("@")[0] not in metrics.METRICS:
            raise BrokenPart(f"competitions/{name}/competition.py: {UnknownName('metric', metric, metrics.METRICS)}")
    return described


def every() -> tuple[list[Competition], list[KitError]]:
    """Return the descriptions of all competitions that can be imported, and what is wrong with the others."""
    competitions, errors = [], []
    for name in names():
        try:
            competitions.append(get(name))
        except KitError as error:
            errors.append(error)
    return competitions, errors


def asked_for(metadata: Mapping[str, Any]) -> Competition:
    """Return the competition whose data a kernel's metadata ask for; one without a page on Kaggle comes as a dataset.

    Raises:
        KernelError: if that is not one competition of the kit.
    """
    known = {competition.slug: competition for competition in every()[0]}
    sources, datasets = (
        [name.rpartition("/")[2] for name in metadata.get(kind) or []]
        for kind in ("competition_sources", "dataset_sources")
    )
    slug, *more = (*sources, *(name for name in datasets if name in known and known[name].local)) or ("",)
    if slug not in known or more:
        raise KernelError(
            f"competition_sources must name one of {', '.join(known)} (or dataset_sources one that has no page on Kaggle); "
            f"got {sources}"
        )
    return known[slug]


def models(name: str) -> Models:
    """Return a competition's models: `MODELS` of its `model.py`.

    Raises:
        UnknownName: if no folder has that name.
        BrokenPart: if its `model.py` offers none.
    """
    offered = getattr(_part(name, "model"), "MODELS", None)
    if not isinstance(offered, Models):
        raise BrokenPart(f"competitions/{name}/model.py must set MODELS to an object of a class derived from Models")
    return offered


def sample(name: str) -> ModuleType | Maker:
    """Return what writes a competition's sample data, by `make(folder, rows, seed)`: its module, or its description."""
    competition = get(name)
    if any((Path(root) / name / SAMPLE).is_file() for root in _roots()):
        return _part(name, "sample")
    return Maker(competition)


def _roots() -> list[str]:
    import competitions

    return list(competitions.__path__)


def _part(name: str, part: str) -> ModuleType:
    if name not in (known := names()):
        raise UnknownName("competition", name, known)
    module = f"competitions.{name}.{part}"
    try:
        return importlib.import_module(module)
    except KitError as error:
        raise BrokenPart(f"competitions/{name}/{part}.py: {error}") from error
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == module:
            raise BrokenPart(f"competitions/{name} has no {part}.py") from None
        file, line = _origin(error, name)
        what = error.msg if isinstance(error, SyntaxError) else first_line(error)  # which would tell file and line too
        raise BrokenPart(
            f"competitions/{name}/{part}.py cannot be imported: {type(error).__name__}: {what} ({file}, line {line})"
        ) from error


def _origin(error: Exception, name: str) -> tuple[str, int | None]:
    """Return the file and line that an error speaks of, if possible of the competition's own code."""
    if isinstance(error, SyntaxError):
        return Path(error.filename or "").name, error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    last = [frame for frame in frames if Path(frame.filename).parent.name == name] or frames
    return Path(last[-1].filename).name, last[-1].lineno
