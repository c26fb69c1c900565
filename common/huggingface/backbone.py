"""Find pretrained weights: attached Kaggle inputs, a local folder, the local cache, then the Hub.

Only safe formats are loaded: safetensors, or PyTorch files that load with `weights_only=True`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from common.environment import Environment
from common.errors import BackboneError
from common.wording import first_line


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
        raise BackboneError(f"backbone {name!r} must be a folder with config.json and weights, or a name on the Hub")
    if _cached(name) or environment.online():
        return name
    mounts = ", ".join(map(str, environment.inputs))
    raise BackboneError(
        f"backbone {name!r} is not here: not attached under {mounts}, no folder of that name, not in the Hub cache, "
        "and there is no internet. Attach it as a dataset or model, or give --set backbone=FOLDER"
    )


def load(loader: Callable[..., Any], name: str, environment: Environment, **options: Any) -> Any:
    """Return `loader(…, **options)` for a backbone by name; a loader is such as `AutoModel.from_pretrained`.

    Raises:
        BackboneError: if it cannot be found, read or downloaded.
    """
    source = find(name, environment)
    try:
        return loader(source, **options)
    except _BROKEN as error:
        what = f"{source} could not be loaded" if Path(source).is_dir() else "it could not be downloaded"
        raise BackboneError(
            f"backbone {name!r}: {what} ({first_line(error)}); check name and network, or give --set backbone=FOLDER"
        ) from error


def load_folder(loader: Callable[..., Any], folder: Path, **options: Any) -> Any:
    """Return `loader(folder, **options)` for weights in a run's folder, whatever is attached or cached.

    Raises:
        BackboneError: if they are missing or broken.
    """
    try:
        return loader(checked(folder), **options)
    except _BROKEN as error:
        raise BackboneError(f"{folder} could not be loaded ({first_line(error)}); train the run again") from error


_BROKEN = (OSError, ValueError, KeyError, RuntimeError, UnpicklingError)


def _attached(name: str, environment: Environment) -> Path | None:
    """Return the attached input that holds a backbone: its folder, or one of its parents, bears the name."""
    wanted = name.rstrip("/").rsplit("/", 1)[-1].lower()
    folders = ((path.parent, parts[:-1]) for path, parts in environment.attached("config.json"))
    return next((folder for folder, parts in folders if wanted in map(str.lower, parts)), None)


def _cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, "config.json"), str)


def require_weights(folder: Path) -> None:
    """Refuse a folder that holds no model, of whatever library, or a truncated one.

    Raises:
        BackboneError: saying what is missing.
    """
    if not folder.is_dir():
        raise BackboneError(f"folder not found: {folder}; name the one that holds the model")
    if (folder / "config.json").is_file():
        checked(folder)
    elif not any(path.suffix in _WEIGHTS for path in folder.rglob("*")):
        raise BackboneError(f"{folder} holds no model: no config.json with weights, and no file {', '.join(_WEIGHTS)}")


_WEIGHTS = (".safetensors", ".bin", ".pth", ".pt")


def checked(folder: Path) -> str:
    """Return the folder if its files are complete.

    Raises:
        BackboneError: if some are missing, or cut as by a copy that was interrupted.
    """
    from safetensors import SafetensorError, safe_open

    if not (folder / "config.json").is_file():
        raise BackboneError(
            f"backbone folder {folder} has no config.json; it should hold config, tokenizer and weights"
        )
    weights = sorted(folder.glob("*.safetensors"))
    if not weights and not list(folder.glob("pytorch_model*.bin")):
        raise BackboneError(f"backbone folder {folder} has no weights (model.safetensors or pytorch_model.bin)")
    for path in weights:
        try:
            with safe_open(path, "np"):  # compares the size with that in the header
                pass
        except SafetensorError as error:
            raise BackboneError(f"{path} is damaged ({first_line(error)}); copy or download it again") from None
    return str(folder)


def quiet() -> None:
    """Keep Hugging Face's libraries from printing bars and advice between the lines of a run."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
