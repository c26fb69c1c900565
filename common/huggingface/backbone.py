"""Find pretrained weights: attached Kaggle inputs, a local folder, the local cache, then the Hub.

Only safe formats are loaded: safetensors, or PyTorch files that load with `weights_only=True`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from common.environment import Environment
from common.errors import BackboneError
from common.wording import first_line, listed


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
    if _cached(name) or (environment.online() and hub_answers()):
        return name
    mounts = ", ".join(map(str, environment.inputs))
    network = "the Hub does not answer" if environment.online() else "there is no internet"
    raise BackboneError(
        f"backbone {name!r} is not here: not attached under {mounts}, no folder of that name, not in the Hub cache, "
        f"and {network}. Attach it as a dataset or model, or give --set backbone=FOLDER"
    )


def load(loader: Callable[..., Any], name: str, environment: Environment, **options: Any) -> Any:
    """Return `loader(…, **options)` for a backbone by name; a loader is such as `AutoModel.from_pretrained`.

    Raises:
        BackboneError: if it cannot be found, read or downloaded.
    """
    source = find(name, environment)
    hint = ""
    if not Path(source).is_dir():
        hint = "check name and network, or "
        options["local_files_only"] = not (environment.online() and hub_answers())
    return _read(loader, source, f"backbone {name!r}: {source}", f"{hint}give --set backbone=FOLDER", **options)


def load_folder(loader: Callable[..., Any], folder: Path, *, weights: bool = True, **options: Any) -> Any:
    """Return `loader(folder, **options)` for what is in a run's folder, whatever is attached or cached.

    Raises:
        BackboneError: if it is missing or broken.
    """
    source = checked(folder) if weights else str(folder)
    return _read(loader, source, str(folder), "train the run again", **options)


def _read(loader: Callable[..., Any], source: str, what: str, hint: str, **options: Any) -> Any:
    """Return what a loader makes of a source: never by code that lies there, and no model with weights that are made up."""
    is_model = getattr(loader, "__self__", type(None)).__name__.startswith("AutoModel")
    if is_model:
        options["output_loading_info"] = True
    try:
        loaded = loader(source, trust_remote_code=False, **options)
    except Exception as error:  # transformers uses what it reads before it has looked at it
        reason = (
            "it needs code of its own, which is not run" if "trust_remote_code" in str(error) else first_line(error)
        )
        failed = "could not be loaded" if Path(source).is_dir() else "could not be downloaded"
        raise BackboneError(f"{what} {failed} ({reason}); {hint}") from error
    if not is_model:
        return loaded
    model, about = loaded
    own = model.base_model.state_dict()  # without a head, which is new
    missing = {name.removeprefix(f"{model.base_model_prefix}.") for name in about["missing_keys"]}
    # Some have no pooler, and few use it.
    if lost := sorted(name for name in missing if name in own and "pooler" not in name):
        raise BackboneError(f"{what} lacks weights that its config.json asks for ({listed(lost)}); {hint}")
    if bad := [name for name, values in model.named_parameters() if not values.isfinite().all()]:
        raise BackboneError(f"{what} has NaN or infinite weights ({listed(bad)}); {hint}")
    return model


def _attached(name: str, environment: Environment) -> Path | None:
    """Return the attached input that holds a backbone: its folder, or one of its parents, bears the name."""
    wanted = name.rstrip("/").rsplit("/", 1)[-1].lower()
    folders = ((path.parent, parts[:-1]) for path, parts in environment.attached("config.json"))
    return next((folder for folder, parts in folders if wanted in map(str.lower, parts)), None)


@cache
def hub_answers() -> bool:
    """Whether the Hub can be reached, by one question: its client asks each of a model's files for half a minute."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=10)
    except Exception:  # of requests or of httpx
        return False
    return True


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
