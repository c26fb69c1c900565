"""Find pretrained weights: attached Kaggle inputs, a local folder, the local cache, then the Hub.

Only safe formats are loaded: safetensors, or PyTorch files that load with `weights_only=True`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from common.environment import Environment
from common.errors import BackboneError


def find(name: str, environment: Environment) -> str:
    """Return what `from_pretrained` takes for a backbone: a folder, or the Hub name if it can be had.

    Raises:
        BackboneError: if it is nowhere; names the places tried and what to do.
    """
    folder, is_path = Path(name).expanduser(), name.startswith((".", "/", "~"))
    if not is_path and (attached := _attached(name, environment)):
        return checked(attached)
    if folder.is_dir():
        return checked(folder)
    if is_path or not 0 <= name.count("/") <= 1 or folder.exists():
        raise BackboneError(
            f"backbone {name!r} is no folder; give a folder with config.json and weights, or a Hub name"
        )
    if _cached(name) or environment.online():
        return name
    mounts = ", ".join(map(str, environment.inputs))
    raise BackboneError(
        f"backbone {name!r} is not here: not attached under {mounts}, no folder of that name, not in the Hub cache, "
        "and there is no internet. Attach it as a dataset or model, or give --set backbone=FOLDER"
    )


def load_folder(loader: Callable[..., Any], folder: Path, **options: Any) -> Any:
    """Return `loader(folder, **options)` for weights that a run has kept: exactly those, wherever else there are some.

    Raises:
        BackboneError: if they are missing or broken.
    """
    place = checked(folder)
    try:
        return loader(place, **options)
    except _BROKEN as error:
        raise BackboneError(f"{place} could not be loaded ({_reason(error)}); train the run again") from error


def load(loader: Callable[..., Any], name: str, environment: Environment, **options: Any) -> Any:
    """Return `loader(place, **options)` for a backbone by name, such as `AutoModel.from_pretrained`.

    Raises:
        BackboneError: if it cannot be found, read or downloaded.
    """
    place = find(name, environment)
    try:
        return loader(place, **options)
    except _BROKEN as error:
        far = f"{place} could not be loaded" if Path(place).is_dir() else "it could not be downloaded"
        raise BackboneError(
            f"backbone {name!r}: {far} ({_reason(error)}); check the name and the network, or give --set backbone=FOLDER"
        ) from error


_BROKEN = (OSError, ValueError, KeyError, RuntimeError, UnpicklingError)


def _reason(error: Exception) -> str:
    return next((line.strip()[:200] for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _attached(name: str, environment: Environment) -> Path | None:
    """Return the attached input that holds a backbone: its folder, or one of its parents, bears the name."""
    wanted = name.rstrip("/").rsplit("/", 1)[-1].lower()
    folders = ((path.parent, parts[:-1]) for path, parts in environment.attached("config.json"))
    return next((folder for folder, parts in folders if wanted in map(str.lower, parts)), None)


def _cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, "config.json"), str)


def require_weights(folder: Path) -> None:
    """Refuse a folder that holds no model, of whatever library, or a cut one.

    Raises:
        BackboneError: saying what is missing.
    """
    if not folder.is_dir():
        raise BackboneError(f"there is no folder {folder}; name the one that holds the model")
    if (folder / "config.json").is_file():
        checked(folder)
    elif not any(path.suffix in _WEIGHTS for path in folder.rglob("*")):
        raise BackboneError(f"{folder} holds no model: no config.json with weights, and no file {', '.join(_WEIGHTS)}")


_WEIGHTS = (".safetensors", ".bin", ".pth", ".pt")


def checked(folder: Path) -> str:
    """Return the folder if what it holds is whole, so that a cut copy is told apart from a wrong model."""
    if not (folder / "config.json").is_file():
        raise BackboneError(
            f"backbone folder {folder} has no config.json; it should hold config, tokenizer and weights"
        )
    weights = sorted(folder.glob("*.safetensors"))
    if not weights and not list(folder.glob("pytorch_model*.bin")):
        raise BackboneError(f"backbone folder {folder} has no weights (model.safetensors or pytorch_model.bin)")
    for path in weights:
        if (missing := _missing_bytes(path)) != 0:
            raise BackboneError(f"{path} is damaged: {missing} bytes are missing; copy or download it again")
    return str(folder)


def _missing_bytes(path: Path) -> int:
    """Return how many bytes a safetensors file is short of what its header promises."""
    size = path.stat().st_size
    with path.open("rb") as handle:
        start = handle.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > size:
            return max(8 - len(start), length - size, 1)
        try:
            header = json.loads(handle.read(length))
        except ValueError:
            return 1
    end = max((entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"), default=0)
    return max(0, 8 + length + int(end) - size)


def quiet() -> None:
    """Keep Hugging Face's libraries from printing bars and advice between the lines of a run."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
