"""Settings: override them by name, check them, and turn them into plain values."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from common.competition import Competition, Config
from common.errors import SettingError, UnknownName

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")


def resolve(
    competition: Competition,
    profile: str,
    overrides: Iterable[str] = (),
    *,
    seed: int | None = None,
    folds: tuple[int, ...] | None = None,
) -> Config:
    """Return a profile's settings with the competition's split filled in and `key=value` overrides applied.

    Raises:
        UnknownName: for a profile or a key that does not exist.
        SettingError: for a value that is not allowed.
    """
    config = competition.profile(profile)
    config = dataclasses.replace(config, split=config.split or competition.split)
    changes: dict[str, str] = {}
    for text in overrides:
        key, found, value = text.partition("=")
        if not found:
            raise SettingError(f"--set takes key=value, not {text!r}; for example --set seed=1")
        changes[key.strip()] = value.strip()
    if changes.get("split") in ("none", "default"):
        del changes["split"]
        config = dataclasses.replace(config, split=competition.split)
    config = override(config, changes)
    if seed is not None:
        config = dataclasses.replace(config, seed=seed)
    if folds is not None:
        config = dataclasses.replace(config, folds=folds)
    return config


def override(config: C, changes: Mapping[str, str], prefix: str = "") -> C:
    """Return `config` with settings replaced, all at once; a dot reaches into a nested one (`split.n_splits`).

    Raises:
        UnknownName: for a key that does not exist.
        SettingError: for a value that is not allowed, alone or beside the others.
    """
    known = {field.name for field in dataclasses.fields(config)}
    nested: dict[str, dict[str, str]] = {}
    new: dict[str, Any] = {}
    for key, value in changes.items():
        name, _, rest = key.partition(".")
        if name not in known or dataclasses.is_dataclass(getattr(config, name)) != bool(rest):
            raise UnknownName("setting", prefix + key, sorted(prefix + each for each in settings(config)))
        if rest:
            nested.setdefault(name, {})[rest] = value
        else:
            new[name] = _parse(value, _hints(type(config))[name], prefix + key)
    for name, inner in nested.items():
        new[name] = override(getattr(config, name), inner, f"{prefix}{name}.")
    return dataclasses.replace(config, **new)


def restore(competition: Competition, profile: str, saved: Mapping[str, Any]) -> Config:
    """Return the settings that a record holds: what `settings` gave, as read back from JSON.

    Raises:
        SettingError: if the profile no longer has one of them.
    """
    config = resolve(competition, profile)
    nested: dict[str, Any] = {}
    for key, value in saved.items():
        *path, name = key.split(".")
        level = nested
        for part in path:
            level = level.setdefault(part, {})
        level[name] = tuple(value) if isinstance(value, list) else value
    try:
        restored: Config = _restored(config, nested)
        return restored
    except TypeError as error:
        raise SettingError(
            f"the run has settings that profile {profile!r} no longer has ({error}); train it again"
        ) from None


def _restored(config: Any, values: Mapping[str, Any]) -> Any:
    """Return `config` with all values of one level replaced at once, since they are checked together."""
    new = {
        name: _restored(getattr(config, name, None), value) if isinstance(value, dict) else value
        for name, value in values.items()
    }
    return dataclasses.replace(config, **new)


def settings(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return every setting by its dotted key, as plain values."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            found |= settings(value, f"{prefix}{field.name}.")
        else:
            found[prefix + field.name] = as_dict(value)
    return found


def as_dict(value: Any) -> Any:
    """Return dataclasses, mappings and tuples as the plain values that JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_dict(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_dict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_dict(item) for item in value]
    return str(value) if isinstance(value, PurePath) else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _parse(text: str, hint: Any, key: str) -> Any:
    """Read `text` as the type that the setting is declared with."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if type(None) in arguments and text.lower() in ("none", ""):
            return None
        return _parse(text, next(kind for kind in arguments if kind is not type(None)), key)
    if origin is Literal:
        for choice in arguments:
            if text == str(choice):
                return choice
        raise SettingError(f"{key} is {text!r}; allowed: {', '.join(map(str, arguments))}")
    if origin is tuple:
        return tuple(_parse(part.strip(), arguments[0], key) for part in text.split(",") if part.strip())
    if hint is bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise SettingError(f"{key} is {text!r}; allowed: true, false")
        return words[text.lower()]
    try:
        return hint(text)
    except (TypeError, ValueError):
        name = {"int": "a whole number", "float": "a number"}.get(getattr(hint, "__name__", ""), str(hint))
        raise SettingError(f"{key} is {text!r}; it takes {name}") from None
