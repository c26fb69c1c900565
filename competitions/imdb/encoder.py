"""The encoder: a trained language model and its vocabulary, one artefact that is whole or refused.

model.safetensors   the language model's weights, those of the embedding once
vocabulary.json     which word stands in which row of the embedding
encoder.json        sizes, direction, how text becomes words, how training went, and the SHA-256 of both files
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.environment import Environment
from common.errors import BackboneError
from common.files import atomic_folder, sha256
from common.text.corpus import TextSettings
from common.text.vocabulary import FILE as VOCABULARY
from common.text.vocabulary import Vocabulary
from competitions.imdb.competition import Network

if TYPE_CHECKING:
    from torch import Tensor

NAME, RECORD, WEIGHTS = "encoder", "encoder.json", "model.safetensors"
ATTACHED = "attached"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """An encoder whose files are what its record says."""

    folder: Path
    network: Network
    text: TextSettings
    backwards: bool
    vocabulary: Vocabulary
    record: dict[str, Any]

    def weights(self) -> dict[str, Tensor]:
        """Return the language model's weights by name."""
        from safetensors.torch import load_file

        return dict(load_file(self.folder / WEIGHTS))


def save(
    folder: Path,
    weights: Mapping[str, Tensor],
    vocabulary: Vocabulary,
    *,
    network: Network,
    text: TextSettings,
    backwards: bool,
    record: Mapping[str, Any],
) -> None:
    """Write the artefact, whole or not at all.

    Raises:
        DeviceError: if the disk is full; nothing that loads is left.
    """
    from safetensors.torch import save_file

    with atomic_folder(folder) as part:
        save_file({name: value.detach().cpu().contiguous() for name, value in weights.items()}, part / WEIGHTS)
        vocabulary.save(part / VOCABULARY)
        about = {
            "format": FORMAT,
            "network": asdict(network),
            "text": asdict(text),
            "backwards": backwards,
            "vocabulary": vocabulary.digest,
            "files": {name: sha256(part / name) for name in (WEIGHTS, VOCABULARY)},
            **record,
        }
        (part / RECORD).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> Encoder:
    """Return the encoder in a folder, every byte of it checked.

    Raises:
        BackboneError: if there is none, or it is not what its record says.
    """
    try:
        about = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files, known = about["files"], about["format"] == FORMAT
        network, text = Network(**about["network"]), TextSettings(**about["text"])
    except (OSError, ValueError, KeyError, TypeError):
        raise BackboneError(f"{folder} holds no encoder: {RECORD} is missing or broken") from None
    if not known:
        raise BackboneError(f"{folder} holds an encoder of format {about['format']}, this is {FORMAT}; train it again")
    for name, expected in files.items():
        if not (folder / name).is_file() or sha256(folder / name) != expected:
            raise BackboneError(
                f"the encoder in {folder} is damaged: {name} is not what was saved; copy or train it again"
            )
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    return Encoder(
        folder=folder, network=network, text=text, backwards=about["backwards"], vocabulary=vocabulary, record=about
    )


def find(name: str, environment: Environment) -> Path:
    """Return the folder of an encoder: a folder, a run, or an attached input by a part of its path.

    `attached` is the only one among the inputs.

    Raises:
        BackboneError: if there is none, or more than one.
    """
    given = Path(name).expanduser()
    for folder in (given, given / NAME):
        if name != ATTACHED and (folder / RECORD).is_file():
            return folder
    found = [folder for folder, parts in _attached(environment) if name == ATTACHED or name.lower() in parts]
    if len(found) != 1:
        mounts = ", ".join(map(str, environment.inputs))
        what = f"several encoders: {', '.join(map(str, found))}; name one" if found else "no encoder"
        raise BackboneError(f"encoder={name}: no folder or run with {RECORD}, and under {mounts} there is {what}")
    return found[0]


def require_fit(found: Encoder, *, network: Network, vocabulary: Vocabulary | None, backwards: bool) -> None:
    """Refuse an encoder of other sizes, another direction or another vocabulary than what it is to be used with.

    Raises:
        BackboneError: naming both.
    """
    if found.network != network:
        raise BackboneError(f"the encoder in {found.folder} has {_told(found.network)}, the settings {_told(network)}")
    if found.backwards != backwards:
        way = ("forwards", "backwards")
        raise BackboneError(
            f"the encoder in {found.folder} reads {way[found.backwards]}, the settings {way[backwards]}: "
            f"--set backwards={str(found.backwards).lower()}"
        )
    if vocabulary is not None and vocabulary.digest != found.vocabulary.digest:
        raise BackboneError(
            f"the encoder in {found.folder} has another vocabulary ({found.vocabulary.digest[:8]}, "
            f"{len(found.vocabulary):,} words) than the classifier ({vocabulary.digest[:8]}, {len(vocabulary):,} words); "
            "train the classifier again on this encoder"
        )


def _attached(environment: Environment) -> list[tuple[Path, set[str]]]:
    """Return the folders of attached encoders with the names of the folders that they lie in."""
    folders = [(path.parent, set(map(str.lower, parts[:-1]))) for path, parts in environment.attached(RECORD)]
    # At home the kit's own working copies lie beside what kernels have left.
    return [(folder, parts) for folder, parts in folders if not {"work", "run"} & parts]


def _told(network: Network) -> str:
    return f"{network.layers} layers of {network.hidden} and an embedding of {network.embedding}"
