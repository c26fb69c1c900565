"""The first stage: weights of a language model of Wikipedia (WikiText-103), where they can be had.

They are an archive with a file of weights (`.pth`) and the list of their words (a pickle, `.pkl`). No code of theirs is
ever run: the weights are loaded as plain tensors, and of the pickle only a list of strings is accepted.
"""

from __future__ import annotations

import io
import pickle
import tarfile
import urllib.request
import zlib
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from common import processes
from common.errors import BackboneError
from common.files import atomic_folder, locked
from common.model import Context
from common.text.ulmfit.encoder import EMBEDDING, with_ties
from common.wording import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

URL = "https://s3.amazonaws.com/fast-ai-modelzoo/wt103-{way}.tgz"
AUTO, NONE = "auto", "none"
BY_WORD = (EMBEDDING, "1.decoder.bias")  # tensors with a row for each word


class Pretrained(NamedTuple):
    """Weights by name and the words of the embedding's rows."""

    weights: dict[str, Tensor]
    words: list[str]


def find(setting: str, backwards: bool, context: Context) -> Pretrained | None:
    """Return the weights, or None where there are none; says which.

    Raises:
        BackboneError: if a folder is named that does not hold them, or what is there is broken.
    """
    if setting == NONE:
        return None
    if setting == AUTO:
        folder = _agreed_folder(backwards, context)
    else:
        folder = Path(setting).expanduser()
        if not _files(folder, backwards):
            raise BackboneError(f"pretrained={setting}: one .pth and one .pkl are needed there; or give auto, or none")
    if folder is None:
        context.progress.warn(
            "there are no weights from Wikipedia here (not attached, not in the cache, no internet): the language model "
            "starts from nothing, so nothing is frozen in its first epoch, and it needs more texts to get as far"
        )
        return None
    weights, words = _files(folder, backwards)
    context.progress.say(f"weights from Wikipedia: {weights}")
    pretrained = Pretrained(_tensors(weights), _words(words))
    rows = {len(pretrained.words), *(len(pretrained.weights[name]) for name in BY_WORD)}
    if len(rows) > 1 or 0 in rows:
        raise BackboneError(
            f"{words} lists {len(pretrained.words):,} words, and {' and '.join(BY_WORD)} in {weights} have "
            f"{' and '.join(f'{len(pretrained.weights[name]):,}' for name in BY_WORD)} rows; give files that belong together"
        )
    return pretrained


def matched(pretrained: Pretrained, words: Sequence[str]) -> dict[str, Tensor]:
    """Return all weights for another vocabulary: known words keep their row, new ones start as the mean of all."""
    import torch

    weights = dict(pretrained.weights)
    row_of = {word: row for row, word in enumerate(pretrained.words)}
    rows = torch.tensor([row_of.get(word, -1) for word in words])
    for name in BY_WORD:
        old = weights[name]
        weights[name] = torch.where((rows >= 0).view(-1, *[1] * (old.ndim - 1)), old[rows], old.mean(0))
    return with_ties(weights)


def _agreed_folder(backwards: bool, context: Context) -> Path | None:
    """Return the folder that the main process finds or downloads, in every process."""
    folder = None
    if processes.is_main():
        folder = local_folder(backwards, context)
        if folder is None and context.environment.online():
            with locked(context.cache / "wt103"):  # of workers on several GPUs one downloads
                folder = local_folder(backwards, context) or _downloaded(backwards, context)
    agreed = processes.agree(folder and str(folder))
    return agreed and Path(agreed)


def local_folder(backwards: bool, context: Context) -> Path | None:
    """Return the folder with the weights among the attached inputs and in the cache."""
    attached = [path for path, _ in context.environment.attached("*.pth")]
    for path in (*attached, *context.cache.glob("wt103-*/*.pth")):
        if "wt103" in str(path).lower() and _files(path.parent, backwards):
            return path.parent
    return None


def _downloaded(backwards: bool, context: Context) -> Path | None:
    """Return the folder of the downloaded archive, or None if it cannot be had."""
    way = "bwd" if backwards else "fwd"
    target = context.cache / f"wt103-{way}"
    try:
        with urllib.request.urlopen(URL.format(way=way), timeout=60) as answer:  # noqa: S310  a fixed https address
            packed = io.BytesIO(answer.read())
        with tarfile.open(fileobj=packed, mode="r:gz") as archive, atomic_folder(target) as folder:
            for member in archive:
                name = PurePosixPath(member.name).name  # no path of the archive's own is ever used
                if member.isfile() and name.endswith((".pth", ".pkl")) and (content := archive.extractfile(member)):
                    (folder / name).write_bytes(content.read())
            if not _files(folder, backwards):
                raise tarfile.TarError("one .pth and one .pkl are not in the archive")
    except (OSError, EOFError, HTTPException, tarfile.TarError, zlib.error) as error:
        context.progress.warn(f"the weights from Wikipedia could not be downloaded ({error})")
        return None
    return target


def _files(folder: Path, backwards: bool) -> tuple[Path, ...]:
    """Return the file of weights and the file of words in a folder; where both directions lie, the one that is asked for."""
    way, other = ("bwd", "fwd") if backwards else ("fwd", "bwd")
    files = []
    for suffix in (".pth", ".pkl"):
        paths = [path for path in sorted(folder.glob(f"*{suffix}")) if other not in path.stem]
        paths = [path for path in paths if way in path.stem] or paths
        if len(paths) != 1 or (other in folder.name and way not in paths[0].stem):
            return ()
        files.append(paths[0])
    return tuple(files)


def _tensors(path: Path) -> dict[str, Any]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        content = content.get("model", content)
        if not all(isinstance(value, torch.Tensor) for value in content.values()):
            raise ValueError("it holds more than tensors by name")
        if not all(name in content and content[name].ndim and content[name].is_floating_point() for name in BY_WORD):
            raise ValueError(f"{' and '.join(BY_WORD)} are needed")
    except Exception as error:  # as for the words below
        raise BackboneError(
            f"{path} cannot be read as weights ({first_line(error)}); only plain tensors are loaded"
        ) from None
    # Older files name the dropped weights twice; those that count stand later in the alphabet.
    return {name.replace(".module.weight_hh_l0", ".weight_hh_l0_raw"): content[name] for name in sorted(content)}


class _Strings(pickle.Unpickler):
    """An unpickler that knows no class and no function."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it wants {module}.{name}")


def _words(path: Path) -> list[str]:
    """Return the list of words in a pickle; anything but strings in a list is refused before any of it is run."""
    try:
        words = _Strings(io.BytesIO(path.read_bytes())).load()
    except Exception as error:  # a pickle that is broken, or made to break, may raise anything
        raise BackboneError(f"{path} is no plain list of words ({error}); it is not read any further") from None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise BackboneError(f"{path} is no plain list of words; it is not used")
    return words
