"""What was found out about a competition, how sure that is, and how a question is put to the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from common.errors import DataError

Sure = Literal["sure", "likely", "guess"]


@dataclass(frozen=True)
class Finding:
    """One thing, what it was taken for, and why; `option` is what changes it."""

    what: str
    taken: str
    sure: Sure
    why: str
    option: str = ""


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What the user has said already; `columns` are those that the metric takes, by what it takes them for."""

    metric: str | None = None
    target: str | None = None
    id: str | None = None
    split: str | None = None
    group: str | None = None
    positive: str | None = None
    leave_out: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


class Question(DataError):
    """Something that the files do not tell, and the option that answers it."""

    def __init__(self, text: str, option: str, choices: Sequence[str] = ()) -> None:
        self.text, self.option, self.choices = text, option, tuple(choices)
        among = f" ({', '.join(choices[:12])}{', …' if len(choices) > 12 else ''})" if choices else ""
        super().__init__(f"{text}{among}; say it with {option}")


Ask = Callable[[Question], str]
"""Answers a question, or raises it."""


def refuse(question: Question) -> str:
    """Raise the question, where nobody is there to answer it."""
    raise question


@dataclass
class Notes:
    """All findings, in the order in which they were made."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, what: str, taken: str, sure: Sure, why: str, option: str = "") -> None:
        """Note one."""
        self.findings.append(Finding(what, taken, sure, why, option))
