"""The settings that a sweep varies, each with its range or its choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from common.competition import Competition
from common.config import resolve
from common.errors import SettingError
from common.settings import flat


@dataclass(frozen=True)
class Parameter:
    """A setting by its dotted key: numbers from `low` to `high`, or one of `choices`, as --set takes them."""

    key: str
    low: int | float = 0
    high: int | float = 0
    log: bool = False
    choices: tuple[str, ...] = ()

    @property
    def distribution(self) -> Any:
        """What Optuna draws from."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices:
            return CategoricalDistribution(self.choices)
        if isinstance(self.low, int):
            return IntDistribution(self.low, int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)


def parse(text: str, competition: Competition, profile: str) -> Parameter:
    """Read `key=low..high`, `key=low..high:log` or `key=one,another`.

    Raises:
        UnknownName: for a setting that the profile does not have.
        SettingError: for a range or a choice that is not allowed.
    """
    key, found, given = text.partition("=")
    if not found or not given:
        raise SettingError(f"--param takes key=low..high, key=low..high:log or key=one,another, not {text!r}")
    if ".." not in given:
        choices = tuple(part.strip() for part in given.split(","))
        for choice in choices:
            resolve(competition, profile, [f"{key}={choice}"])
        if len(set(choices)) < 2:
            raise SettingError(f"--param {text}: two choices at least; what does not vary is for --set")
        return Parameter(key, choices=tuple(dict.fromkeys(choices)))
    span, _, scale = given.partition(":")
    low, high = (flat(resolve(competition, profile, [f"{key}={end}"]))[key] for end in span.split("..", 1))
    if scale not in ("", "log") or isinstance(low, bool) or not isinstance(low, int | float):
        raise SettingError(f"--param {text}: a range is of numbers, low..high or low..high:log")
    if low >= high or (scale and low <= 0):
        raise SettingError(f"--param {text}: a range goes from the lower number to the higher, :log from above 0")
    return Parameter(key, low, high, bool(scale))
