"""Descriptions as they are written in a program."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from common.competition import Column

WIDTH = 118


class Code(str):
    """An expression, as it is written in a program."""

    __slots__ = ()


def source(value: Any, names: Mapping[Any, str], indent: int = 0) -> str:
    """Return a value as it is written in a program; `names` are those of constants.

    >>> source(Column(name="age", kind="number", low=0), {})
    'Column(name="age", kind="number", low=0)'
    """
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple) and value and all(isinstance(each, Column) for each in value):
        return columns_source(value, names, indent)
    if isinstance(value, Column) and value in names:
        return names[value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        known = defaults(type(value))
        fields = {name: getattr(value, name) for name in _ordered(value)}
        return call_source(
            type(value).__name__,
            {key: each for key, each in fields.items() if each != known.get(key, dataclasses.MISSING)},
            names,
            indent,
        )
    if isinstance(value, Mapping):
        parts = [f"{source(key, names)}: {source(each, names, indent + 4)}" for key, each in value.items()]
        return _wrapped("{", parts, "}", indent)
    if isinstance(value, tuple):
        parts = [source(each, names, indent + 4) for each in value]
        if all(isinstance(each, str) for each in value):
            return filled("(", parts, ",)" if len(parts) == 1 else ")", indent)
        return _wrapped("(", parts, ",)" if len(parts) == 1 else ")", indent)
    return repr(value)


def _ordered(value: Any) -> list[str]:
    """Return the names of a dataclass's fields: what a source is called comes before its columns."""
    return sorted((field.name for field in dataclasses.fields(value)), key=lambda name: name not in ("file", "folders"))


def quoted(value: str) -> str:
    """Return a text as it is written in a program, patterns as raw ones."""
    if "\\" in value and '"' not in value and not value.endswith("\\") and "\n" not in value:
        return f'r"{value}"'
    return json.dumps(value, ensure_ascii=False)


def defaults(kind: Any) -> dict[str, Any]:
    """Return the values of a dataclass's fields that need not be given."""
    missing, values = dataclasses.MISSING, {}
    for field in dataclasses.fields(kind):
        if field.default is not missing:
            values[field.name] = field.default
        elif field.default_factory is not missing:
            values[field.name] = field.default_factory()
    return values


def call_source(name: str, fields: Mapping[str, Any], names: Mapping[Any, str], indent: int) -> str:
    """Return a call with keywords."""
    return _wrapped(
        f"{name}(", [f"{key}={source(each, names, indent + 4)}" for key, each in fields.items()], ")", indent
    )


def columns_source(value: tuple[Column, ...], names: Mapping[Any, str], indent: int) -> str:
    """Return columns, those of one kind that have nothing of their own together."""
    parts = list(_runs(value, names, indent + 4))
    return _wrapped("(", parts, ",)" if len(parts) == 1 else ")", indent)


def _runs(value: tuple[Column, ...], names: Mapping[Any, str], indent: int) -> Iterator[str]:
    shared = next((key for key in names if isinstance(key, tuple)), ())
    at = 0
    while at < len(value):
        if shared and value[at : at + len(shared)] == shared:
            yield f"*{names[shared]}"
            at += len(shared)
            continue
        column, end = value[at], at
        while end < len(value) and value[end] == Column(name=value[end].name, kind=column.kind, may_be_empty=True):
            end += 1
        if column.kind != "id" and end > at and (end > at + 1 or column.kind != "file"):
            words = [quoted(column.kind), *(quoted(each.name) for each in value[at:end])]
            yield filled("*columns(", words, ")", indent)
            at = end
        else:
            yield source(column, names, indent)
            at += 1


def _wrapped(start: str, parts: list[str], end: str, indent: int) -> str:
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) + indent <= WIDTH - 20 and "\n" not in line:
        return line
    margin = " " * (indent + 4)
    return f"{start}\n" + "".join(f"{margin}{part},\n" for part in parts) + " " * indent + end.lstrip(",")


def filled(start: str, words: list[str], end: str, indent: int) -> str:
    """Return a call with many short arguments, as many on a line as there is room for."""
    line = f"{start}{', '.join(words)}{end}"
    if len(line) + indent <= WIDTH:
        return line
    margin, lines, current = " " * (indent + 4), [], ""
    for word in words:
        if current and len(margin) + len(current) + len(word) + 2 > WIDTH:
            lines.append(current)
            current = ""
        current += f"{' ' if current else ''}{word},"
    return f"{start}\n" + "".join(f"{margin}{each}\n" for each in [*lines, current]) + " " * indent + end
