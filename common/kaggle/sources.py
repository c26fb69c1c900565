"""Names of a kernel's inputs: written as Kaggle's push takes them, and looked up before it."""

from __future__ import annotations

import re
from typing import Literal, get_args

from common.errors import SettingError
from common.kaggle.client import Client
from common.kaggle.errors import Forbidden, NotFound
from common.kaggle.results import Ref

SourceKind = Literal["dataset", "competition", "kernel", "model"]

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FORMS: dict[str, tuple[str, str]] = {
    "dataset": (rf"{_PART}/{_PART}(/\d+)?", "owner/slug or owner/slug/version"),
    "competition": (_PART, "the last part of the competition's URL"),
    "kernel": (rf"{_PART}/{_PART}(/\d+)?", "owner/slug"),
    "model": (rf"{_PART}/{_PART}/{_PART}/{_PART}/\d+", "owner/model/framework/variation/version"),
}
# What `kaggle kernels pull` and the address bar put in front of the names that `kaggle kernels push` wants.
_PREFIX = re.compile(r"^(https?://(www\.)?kaggle\.com/)?(datasets|code|competitions|c|models|kernels)/", re.IGNORECASE)


def normalise(kind: SourceKind, name: str) -> str:
    """Return the name of an input as push wants it, without prefixes and addresses.

    Raises:
        SettingError: if what is left is no such name; push would drop it and call that success.
    """
    if kind not in get_args(SourceKind):
        raise SettingError(f"unknown kind of source {kind!r}; known: {', '.join(get_args(SourceKind))}")
    bare = _PREFIX.sub("", name.strip()).strip("/")
    pattern, form = _FORMS[kind]
    if not re.fullmatch(pattern, bare):
        raise SettingError(f"{name!r} is no {kind} source; write {form}")
    return bare


def exists(client: Client, kind: SourceKind, name: str) -> bool | None:
    """Whether this account can see an input; None for models, which the push itself has to tell."""
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
