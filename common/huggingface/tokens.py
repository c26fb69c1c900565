"""Texts as token ids, cached on disk; the tokenizer and the encoder in a run's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.cache import cached, entry_name
from common.data import ragged
from common.data.ragged import Ragged
from common.errors import BackboneError
from common.files import atomic_folder
from common.huggingface import backbone, tiny
from common.model import Context

TOKENIZER, ENCODER = "tokenizer", "encoder"  # in a run's folder


def encode(tokenizer: Any, texts: Sequence[str], cache: Path, *, max_length: int | None = None) -> Ragged:
    """Return the ids of each text without special tokens, from the cache if they were made before.

    Args:
        tokenizer: a fast tokenizer of `transformers`.
        texts: n texts.
        cache: the folder of the cache, see `common.cache`.
        max_length: longer texts are cut there.
    """
    import numpy as np

    def make(folder: Path) -> None:
        rows = _ids(tokenizer, list(texts), max_length)
        flat = np.fromiter((token for row in rows for token in row), dtype=np.int32)
        ragged.save(Ragged(flat, ragged.offsets_of([len(row) for row in rows])), folder)

    about = [type(tokenizer).__name__, tokenizer.backend_tokenizer.to_str(), max_length]
    return Ragged(*cached(cache, entry_name("tokens", about, texts), make, ragged.load))


def _ids(tokenizer: Any, texts: list[str], max_length: int | None) -> list[list[int]]:
    if not texts:
        return []
    rows: list[list[int]] = tokenizer(
        texts,
        add_special_tokens=False,
        truncation=max_length is not None,
        max_length=max_length,
        return_attention_mask=False,
        return_token_type_ids=False,
    )["input_ids"]
    return rows


def keep_tokenizer(name: str, texts: Sequence[str], context: Context) -> None:
    """Put a backbone's tokenizer into the run's folder, where training and prediction find it.

    Raises:
        BackboneError: if the backbone cannot be found.
    """
    from transformers import AutoTokenizer

    def load() -> Any:
        if name == tiny.NAME:
            return tiny.tokenizer(texts)
        return backbone.load(AutoTokenizer.from_pretrained, name, context.environment)

    _keep(context.run / TOKENIZER, load)


def kept_tokenizer(context: Context) -> Any:
    """Return the tokenizer of a run.

    Raises:
        BackboneError: if the run's folder does not hold one, or a broken one.
    """
    from transformers import AutoTokenizer

    folder = context.run / TOKENIZER
    if not folder.is_dir():
        raise BackboneError(f"{context.run} has no tokenizer; the run is incomplete, train it again")
    return backbone.load_folder(AutoTokenizer.from_pretrained, folder, weights=False)


def keep_encoder(name: str, seed: int, context: Context) -> None:
    """Put a backbone's encoder into the run's folder, so that a run needs nothing from outside to predict.

    Raises:
        BackboneError: if the backbone cannot be found.
    """
    from transformers import AutoModel, set_seed

    def load() -> Any:
        if name == tiny.NAME:
            set_seed(seed)
            return AutoModel.from_config(tiny.config(len(kept_tokenizer(context))))
        return backbone.load(AutoModel.from_pretrained, name, context.environment, dtype="float32")

    _keep(context.run / ENCODER, load)


def kept_encoder(context: Context) -> Any:
    """Return a fresh copy of a run's encoder, in single precision.

    Raises:
        BackboneError: if the run's folder does not hold one.
    """
    from transformers import AutoModel

    return backbone.load_folder(AutoModel.from_pretrained, context.run / ENCODER)


def _keep(folder: Path, load: Callable[[], Any]) -> None:
    if not folder.is_dir():
        backbone.quiet()
        pretrained = load()
        with atomic_folder(folder) as part:
            pretrained.save_pretrained(part)
