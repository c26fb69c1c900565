"""The competitions of the kit as a stand-in holds them: on the user's data, else on their samples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from common import registry
from common.errors import UnknownName
from common.kaggle.stand_in.world import Hosted

SAMPLE_ROWS, SAMPLE_SEED = 400, 0


def kit_competitions(data: Mapping[str, Path], samples: Path) -> list[Hosted]:
    """Return every competition of the kit, with the folder given for it or with a sample made below `samples`.

    Raises:
        UnknownName: for data of a competition that the kit does not have.
    """
    names = registry.names()
    for name in data:
        if name not in names:
            raise UnknownName("competition", name, names)
    return [Hosted(competition=registry.get(name), data=data.get(name) or _sample(name, samples)) for name in names]


def _sample(name: str, samples: Path) -> Path:
    folder = samples / name
    if not folder.is_dir():
        from common.files import atomic_folder

        with atomic_folder(folder) as made:
            registry.sample(name).make(made, SAMPLE_ROWS, SAMPLE_SEED)
    return folder
