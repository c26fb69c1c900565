"""One thing that is wrong with a file, said so that the user can correct it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.wording import listed

EXAMPLES = 5
LONGEST = 200  # characters of an example: a column's name may be the whole file


@dataclass(frozen=True)
class Problem:
    """A broken rule: what is wrong, where (ids or line numbers), and what to do.

    `rule` is a stable word for programs and tests, `message` one line for people. A warning is scored all the same.
    """

    rule: str
    message: str
    examples: tuple[str, ...] = ()
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return self.message


def problem(rule: str, what: str, advice: str, examples: Sequence[str] = (), count: int | None = None) -> Problem:
    """Return a problem whose message names its first examples.

    Args:
        rule: the rule's name.
        what: what is wrong, without a full stop.
        advice: what to do about it.
        examples: where it is wrong; the first `EXAMPLES` are kept.
        count: how many there are, if `examples` are only the first of them.
    """
    shown = [each if len(each) <= LONGEST else f"{each[: LONGEST - 1]}…" for each in examples[:EXAMPLES]]
    where = f": {listed(shown, EXAMPLES, count or len(examples))}" if examples else ""
    return Problem(rule, f"{what}{where}. {advice}", tuple(shown))


def errors(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems that are no mere warnings."""
    return [each for each in problems if each.severity == "error"]
