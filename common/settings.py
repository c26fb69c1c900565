"""Settings: frozen dataclasses whose bounds and reasons stand beside each field.

A bound is part of the field's type (`epochs: PositiveInt = 4`), the reason is the string below it. Both are read from the
class, so that `--set key=value`, the error for a value out of bounds and `kit show` need nothing written twice.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import math
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from annotated_types import Ge, Gt, Interval, Le, Lt

from common.errors import SettingError, UnknownName

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    S = TypeVar("S", bound=DataclassInstance)

PositiveInt = Annotated[int, Ge(1)]
NonNegativeInt = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Interval(ge=0, le=1)]
Seed = Annotated[int, Interval(ge=0, le=10**9)]  # NumPy takes 32 bits; what is derived from a seed may be larger

_RULES = {
    Ge: ("ge", ">=", lambda value, bound: value >= bound),
    Gt: ("gt", ">", lambda value, bound: value > bound),
    Le: ("le", "<=", lambda value, bound: value <= bound),
    Lt: ("lt", "<", lambda value, bound: value < bound),
}


def require(condition: bool, message: str) -> None:
    """Raise SettingError with a message unless a condition holds."""
    if not condition:
        raise SettingError(message)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The base of all settings: every value is within the bounds of its type, and every number is finite."""

    def __post_init__(self) -> None:
        hints = _hints(type(self), annotated=True)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise SettingError(f"{field.name} must be a finite number, got {value}")
            for rule in _bounds(hints[field.name]):
                attribute, sign, holds = _RULES[type(rule)]
                bound = getattr(rule, attribute)
                for each in value if isinstance(value, tuple) else (value,):
                    if each is not None and not holds(each, bound):
                        raise SettingError(f"{field.name} must be {sign} {bound:g}, got {each}")


def override(settings: S, changes: Mapping[str, str], prefix: str = "") -> S:
    """Return `settings` with values replaced, all at once; a dot reaches into a nested one (`split.n_splits`).

    Raises:
        UnknownName: for a key that does not exist.
        SettingError: for a value that is not allowed, alone or beside the others.
    """
    known = {field.name for field in dataclasses.fields(settings)}
    nested: dict[str, dict[str, str]] = {}
    new: dict[str, Any] = {}
    for key, value in changes.items():
        name, _, rest = key.partition(".")
        if name not in known or dataclasses.is_dataclass(getattr(settings, name)) != bool(rest):
            raise UnknownName("setting", prefix + key, sorted(prefix + each for each in flat(settings)))
        if rest:
            nested.setdefault(name, {})[rest] = value
        else:
            new[name] = _parse(value, _hints(type(settings))[name], prefix + key)
    for name, inner in nested.items():
        new[name] = override(getattr(settings, name), inner, f"{prefix}{name}.")
    return dataclasses.replace(settings, **new)


def flat(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Return every setting by its dotted key, as plain values."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        values |= (
            flat(value, f"{prefix}{field.name}.")
            if dataclasses.is_dataclass(value)
            else {prefix + field.name: plain(value)}
        )
    return values


def reasons(settings: Any, prefix: str = "") -> dict[str, str]:
    """Return the reason for each setting by its dotted key: the string that stands below its field in the source."""
    values: dict[str, str] = {}
    own = _documented(type(settings))
    for field in dataclasses.fields(settings):
        if field.name in own:
            values[prefix + field.name] = own[field.name]
        if dataclasses.is_dataclass(value := getattr(settings, field.name)):
            values |= reasons(value, f"{prefix}{field.name}.")
    return values


def plain(value: Any) -> Any:
    """Return dataclasses, mappings and tuples as the plain values that JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, PurePath) else value


def _hints(kind: type, *, annotated: bool = False) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=annotated)


def _bounds(hint: Any) -> Iterator[Any]:
    """Yield the bounds in a type, those of a union's members and a tuple's elements too."""
    if typing.get_origin(hint) is Annotated:
        for rule in hint.__metadata__:
            yield from rule if isinstance(rule, Interval) else [rule]
        hint = hint.__origin__
    for argument in () if typing.get_origin(hint) is Literal else typing.get_args(hint):
        yield from _bounds(argument)


def _documented(kind: type) -> dict[str, str]:
    """Return the strings below the fields of a class and of its bases."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0].body  # type: ignore[attr-defined]
        for each, below in itertools.pairwise(body):
            match each, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = " ".join(text.split())
    return found


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
        name = {"int": "an integer", "float": "a number"}.get(getattr(hint, "__name__", ""), str(hint))
        raise SettingError(f"{key} must be {name}, got {text!r}") from None
