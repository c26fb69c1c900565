"""Backbones by name, from timm or torchvision, with weights that are looked for where they may be.

In this order: the file or folder that is given, attached Kaggle inputs, the libraries' own caches, then the Hub or
torchvision's server where there is internet. Only safe formats are read: safetensors, or PyTorch files that load
with `weights_only=True`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

from common.environment import Environment
from common.errors import BackboneError
from common.huggingface.backbone import hub_answers
from common.wording import first_line, listed

RANDOM = "random"  # weights that are drawn: for samples and tests
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HEADS = ("fc.", "classifier", "head", "last_linear", "aux")  # what the names of a classifier's tensors begin with
_LIBRARIES = ("torchvision", "timm")  # a name that both have is torchvision's: the course's resnet34 is


@dataclass(frozen=True)
class Backbone:
    """A network without its classifier, and what its pictures are normalised with (of values from 0 to 1)."""

    name: str
    library: Literal["timm", "torchvision"]
    network: Any
    mean: tuple[float, ...]
    std: tuple[float, ...]


def load(name: str, weights: str, environment: Environment, seed: int = 0) -> Backbone:
    """Return a backbone with its weights, in single precision on the CPU.

    Args:
        name: a network of torchvision or timm; `timm/NAME` or `torchvision/NAME` where both have it.
        weights: a file or a folder that holds one, `random`, or empty: the pretrained ones, wherever they are.
        environment: says what is attached and whether there is internet.
        seed: of random weights.

    Raises:
        BackboneError: if there is no such backbone, or its weights cannot be found, read or fitted.
    """
    library, plain = resolve(name)
    make = _timm if library == "timm" else _torchvision
    if weights == RANDOM:
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return make(plain, False)
    file = weights_file(weights) if weights else attached(plain, environment)
    if file is not None:
        backbone = make(plain, False)
        backbone.network.load_state_dict(_fitted(backbone.network.state_dict(), read(file), file))
        return backbone
    reachable = environment.online() and (library != "timm" or hub_answers())
    if not reachable and not _cached(library, plain):
        mounts = ", ".join(map(str, environment.inputs))
        raise BackboneError(
            f"no weights of {plain} here: not attached under {mounts}, not in a cache, and there is no "
            f"{'answer from the Hub' if environment.online() else 'internet'}. Attach "
            "them as a dataset or model, or give --set weights=FILE (safetensors or .pth)"
        )
    try:
        return make(plain, True)
    except Exception as error:  # whatever the Hub's and torchvision's clients raise
        raise BackboneError(
            f"weights of {plain} could not be downloaded ({first_line(error)}); check the network or give "
            "--set weights=FILE"
        ) from error


def require_size(backbone: Backbone, *sizes: int) -> None:
    """Check, before anything costs time, that a backbone takes pictures of these sides, in pixels.

    Raises:
        BackboneError: if it does not take one of them.
    """
    for size in sizes:
        if reason := refusal(backbone.network, size):
            raise BackboneError(
                f"{backbone.name} takes no pictures of {size} pixels ({reason}); choose its own size, or another backbone"
            )


def refusal(network: Any, size: int) -> str | None:
    """Return why a network does not take a picture of this side, in pixels, or None if it does."""
    import torch

    device = next(network.parameters()).device
    try:
        with torch.inference_mode():
            network.eval()(torch.zeros(1, 3, size, size, device=device))
    except (AssertionError, RuntimeError, ValueError) as error:
        return first_line(error).rstrip(".")
    return None


def weights_file(weights: str) -> Path:
    """Return the file of weights that a setting names: itself, or the only one in a folder.

    Raises:
        BackboneError: if there is none, or more than one.
    """
    path = Path(weights).expanduser()
    if path.is_file():
        return path
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES) if path.is_dir() else []
    if len(files) != 1:
        names = listed((file.name for file in files), 3) or "none"
        raise BackboneError(
            f"weights={weights} must be one file ({', '.join(SUFFIXES)}) or its folder; it has: {names}"
        )
    return files[0]


def attached(name: str, environment: Environment) -> Path | None:
    """Return the weights among the attached inputs whose file or folder bears the backbone's name, or None."""
    wanted = {name.lower(), name.partition(".")[0].lower()}
    for path, parts in environment.attached(*(f"*{suffix}" for suffix in SUFFIXES)):
        names = {part.lower() for part in (*parts[:-1], path.stem)}
        # torchvision and timm put a checksum behind the name: resnet34-b627a593.pth
        names |= {path.stem.lower().partition("-")[0]}
        if names & wanted or any(part.replace("-", "_") in wanted for part in names):
            return path
    return None


def read(path: Path) -> dict[str, Any]:
    """Return the tensors in a file of weights by name; no code in it is run.

    Raises:
        BackboneError: if it is broken, or is not a plain list of tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)  # what it cannot read, it says
            content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise BackboneError(
            f"{path} is not a PyTorch file, or holds other objects; only plain tensors are loaded: export the state dict"
        ) from None
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, SafetensorError) as error:
        raise BackboneError(
            f"{path} cannot be read as weights ({first_line(error)}); only plain tensors are loaded"
        ) from None
    for key in ("state_dict", "model"):  # as training scripts wrap them
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    content = content if isinstance(content, Mapping) else {}
    tensors = {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise BackboneError(f"{path} holds no tensors; a state dict is needed")
    return tensors


def _fitted(own: Mapping[str, Any], tensors: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return those of the tensors in a file that a network has under the same names; a classifier is left out.

    Raises:
        BackboneError: for a tensor that is missing, of another shape or left over.
    """
    named = {key.removeprefix("module.").removeprefix("model."): value for key, value in tensors.items()}
    for key, value in own.items():
        if key.endswith("num_batches_tracked"):  # a counter, which older files lack
            named.setdefault(key, value)
        elif key not in named:
            raise BackboneError(
                f"{path} does not fit: it has no tensor {key}; is it of another architecture or library?"
            )
        elif named[key].shape != value.shape:
            shapes = f"{tuple(named[key].shape)}, expected {tuple(value.shape)}"
            raise BackboneError(f"{path} does not fit: {key} has shape {shapes}; is it of another architecture?")
    for key in named:  # weights of a larger network may have all names of a smaller one
        if key not in own and not key.lower().startswith(_HEADS):
            raise BackboneError(
                f"{path} does not fit: the backbone has no tensor {key}; is it of another architecture?"
            )
    return {key: named[key] for key in own}


def resolve(name: str) -> tuple[Literal["timm", "torchvision"], str]:
    """Return the library of a backbone and its name there.

    Raises:
        BackboneError: if there is no such backbone; suggests the nearest.
    """
    from difflib import get_close_matches

    import timm
    from torchvision import models

    library, _, plain = name.rpartition("/")
    known = {"torchvision": models.list_models(module=models), "timm": timm.list_models()}
    for candidate in _LIBRARIES if not library else (library,):
        # What stands behind the point of timm's names says which training the weights are from.
        if plain in known.get(candidate, ()) or (candidate == "timm" and plain in timm.list_pretrained()):
            return candidate, plain  # type: ignore[return-value]
    known["timm"] += timm.list_pretrained()
    near = get_close_matches(plain, {*known["timm"], *known["torchvision"]}, n=3, cutoff=0.5)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise BackboneError(f"unknown backbone {name!r}.{hint} timm.list_models() and torchvision.models have them all")


def _timm(name: str, pretrained: bool) -> Backbone:
    import timm

    network = timm.create_model(name, pretrained=pretrained, num_classes=0)
    return Backbone(name, "timm", network, tuple(network.pretrained_cfg["mean"]), tuple(network.pretrained_cfg["std"]))


def _torchvision(name: str, pretrained: bool) -> Backbone:
    """Return a torchvision model whose last linear layer, its classifier, is taken off."""
    from torch import nn
    from torchvision import models

    network = models.get_model(name, weights="DEFAULT" if pretrained else None)
    for place in ("fc", "classifier", "head", "heads"):
        if isinstance(getattr(network, place, None), nn.Module):
            setattr(network, place, nn.Identity())
            return Backbone(name, "torchvision", network, *IMAGENET)
    raise BackboneError(f"the classifier of {name} cannot be taken off; choose a timm backbone")


def _cached(library: str, name: str) -> bool:
    """Whether the library finds a backbone's weights on this machine."""
    if library == "timm":
        import timm
        from huggingface_hub import try_to_load_from_cache

        hub: Any = timm.get_pretrained_cfg(name)
        where = str(getattr(hub, "hf_hub_id", None) or "")
        names = ("model.safetensors", "pytorch_model.bin")
        return bool(where) and any(isinstance(try_to_load_from_cache(where, file), str) for file in names)
    import torch
    from torchvision import models

    url = str(models.get_model_weights(name)["DEFAULT"].url)
    return (Path(str(torch.hub.get_dir())) / "checkpoints" / url.rpartition("/")[2]).is_file()
