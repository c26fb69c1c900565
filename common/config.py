"""A profile's settings: resolved from its name and overrides, or restored from a run's record."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from common.competition import Competition, Config
from common.errors import SettingError
from common.settings import override


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
