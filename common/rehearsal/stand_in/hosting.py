"""The competitions of the kit as a stand-in holds them: on the user's data, else on their samples, made when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from common import registry
from common.errors import UnknownName
from common.rehearsal.stand_in.world import Hosted

SAMPLE_ROWS, SAMPLE_SEED = 400, 0


def kit_competitions(data: Mapping[str, Path], samples: Path) -> list[Hosted]:
    """Return every competition of the kit, with the folder given for it or with a sample below `samples`.

    Raises:
        UnknownName: for data of a competition that the kit does not have.
    """
    names = registry.names()
    for name in data:
        if name not in names:
            raise UnknownName("competition", name, names)
    return [
        Hosted(competition=registry.get(name), data=data[name])
        if name in data
        else Hosted(competition=registry.get(name), data=samples / name, make=partial(_sample, name))
        for name in names
    ]


def _sample(name: str, folder: Path) -> None:
    registry.sample(name).make(folder, SAMPLE_ROWS, SAMPLE_SEED)
