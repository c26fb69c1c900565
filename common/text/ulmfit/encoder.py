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
from common.text.settings import AwdLstm, Ulmfit
from common.text.tokens.vocabulary import FILE as VOCABULARY
from common.text.tokens.vocabulary import Vocabulary
from common.wording import listed

if TYPE_CHECKING:
    from torch import Tensor

NAME, RECORD, WEIGHTS = "encoder", "encoder.json", "model.safetensors"
# The language model's embedding, and the names under which it has that tensor again.
EMBEDDING, TIED = "0.encoder.weight", ("0.encoder_dp.emb.weight", "1.decoder.weight")
ATTACHED = "attached"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """An encoder whose files are what its record says."""

    folder: Path
    network: AwdLstm
    backwards: bool
    vocabulary: Vocabulary
    record: dict[str, Any]

    def weights(self) -> dict[str, Tensor]:
        """Return the language model's weights, by all of their names."""
        from safetensors.torch import load_file

        return with_ties(load_file(self.folder / WEIGHTS))


def with_ties(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a language model's weights with its embedding under the other names that it has there."""
    return {**weights, **dict.fromkeys(TIED, weights[EMBEDDING])}


def save(folder: Path, model: Any, vocabulary: Vocabulary, config: Ulmfit, record: Mapping[str, Any]) -> None:
    """Write the artefact, whole or not at all.

    Raises:
        DeviceError: if the disk is full; nothing that loads is left.
    """
    from safetensors.torch import save_file

    with atomic_folder(folder) as part:
        save_file({name: value for name, value in model.state_dict().items() if name not in TIED}, part / WEIGHTS)
        vocabulary.save(part / VOCABULARY)
        about = {
            "format": FORMAT,
            "network": asdict(config.network),
            "text": asdict(config.text),
            "backwards": config.backwards,
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
        files, encoder_format = about["files"], about["format"]
        network = AwdLstm(**about["network"])
    except (OSError, ValueError, KeyError, TypeError):
        raise BackboneError(f"{folder} holds no encoder: {RECORD} is missing or broken") from None
    if encoder_format != FORMAT:
        raise BackboneError(f"{folder} holds an encoder of format {encoder_format}, this is {FORMAT}; train it again")
    for name, expected in files.items():
        if not (folder / name).is_file() or sha256(folder / name) != expected:
            raise BackboneError(
                f"the encoder in {folder} is damaged: {name} is not what was saved; copy or train it again"
            )
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    return Encoder(folder=folder, network=network, backwards=about["backwards"], vocabulary=vocabulary, record=about)


def find(name: str, environment: Environment) -> Path:
    """Return the folder of an encoder: a folder, a run, or an attached input by a part of its path.

    `attached` is the only one among the inputs.

    Raises:
        BackboneError: if there is none, or more than one.
    """
    path = Path(name).expanduser()
    for folder in (path, path / NAME):
        if name != ATTACHED and (folder / RECORD).is_file():
            return folder
    # At home the kit's own working copies lie beside what kernels have left.
    attached = [(path.parent, set(map(str.lower, parts[:-1]))) for path, parts in environment.attached(RECORD)]
    attached = [(folder, parts) for folder, parts in attached if not {"work", "run"} & parts]
    folders = [folder for folder, parts in attached if name == ATTACHED or name.lower() in parts]
    if len(folders) != 1:
        mounts = ", ".join(map(str, environment.inputs))
        what = f"several encoders: {listed(folders)}; name one" if folders else "no encoder"
        raise BackboneError(f"encoder={name}: no folder or run with {RECORD}, and under {mounts} there is {what}")
    return folders[0]


def require_fit(encoder: Encoder, config: Ulmfit) -> None:
    """Refuse an encoder of other sizes or another direction than the settings have.

    Raises:
        BackboneError: naming both.
    """
    if encoder.network != config.network:
        raise BackboneError(
            f"the encoder in {encoder.folder} has {_sizes(encoder.network)}, the settings {_sizes(config.network)}"
        )
    if encoder.backwards != config.backwards:
        way = ("forwards", "backwards")
        raise BackboneError(
            f"the encoder in {encoder.folder} reads {way[encoder.backwards]}, the settings {way[config.backwards]}: "
            f"--set backwards={str(encoder.backwards).lower()}"
        )


def _sizes(network: AwdLstm) -> str:
    return f"{network.layers} layers of {network.hidden} and an embedding of {network.embedding}"
