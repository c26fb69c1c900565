"""The inputs of a kernel: their kinds, and their names as Kaggle's push takes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

from common.errors import SettingError
from common.kaggle.errors import Forbidden, NotFound
from common.kaggle.results import Ref

if TYPE_CHECKING:
    from common.kaggle.official import Client

SourceKind = Literal["dataset", "competition", "kernel", "model"]
KINDS: tuple[SourceKind, ...] = get_args(SourceKind)
FIELDS: dict[str, SourceKind] = {f"{kind}_sources": kind for kind in KINDS}
"""The fields of kernel-metadata.json that name inputs."""

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FORMATS: dict[SourceKind, tuple[str, str]] = {
    "dataset": (rf"{_PART}/{_PART}(/\d+)?", "owner/slug or owner/slug/version"),
    "competition": (_PART, "the last part of the competition's URL"),
    "kernel": (rf"{_PART}/{_PART}(/\d+)?", "owner/slug"),
    "model": (rf"{_PART}/{_PART}/{_PART}/{_PART}/\d+", "owner/model/framework/variation/version"),
}
# What `kaggle kernels pull` and the address bar put in front of the names that `kaggle kernels push` takes.
_PREFIX = re.compile(r"^(https?://(www\.)?kaggle\.com/)?(datasets|code|competitions|c|models|kernels)/", re.IGNORECASE)


def normalise(kind: SourceKind, name: str) -> str:
    """Return the name of an input as push takes it, without prefixes and addresses.

    Raises:
        SettingError: if what is left is not such a name; push would drop it and report success.
    """
    bare = _PREFIX.sub("", name.strip()).strip("/")
    pattern, example = _FORMATS[kind]
    if not re.fullmatch(pattern, bare):
        raise SettingError(f"{name!r} is not the name of a {kind}; write {example}")
    return bare


def exists(client: Client, kind: SourceKind, name: str) -> bool | None:
    """Whether this account can see an input; None for models, where only the push itself tells."""
    if kind == "competition":
        try:
            client.competitions.info(name)
        except (NotFound, Forbidden):
            return False
        return True
    if kind == "model":
        return None
    ref = Ref.parse(name)
    return (client.datasets.status(ref) if kind == "dataset" else client.kernels.info(ref)) is not None
