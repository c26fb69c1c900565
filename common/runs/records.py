"""What is recorded of a run, typed: `run.json` and each fold's `fold.json` are these classes as JSON."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from common import __version__
from common.decisions.decision import Decision
from common.settings import plain

FORMAT = 2
"""Goes up when a record can no longer be read by the code before, or the code by an older record."""


class Status(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped by the deadline"
    INCOMPLETE = "finished without all folds"
    FAILED = "failed"


@dataclass(kw_only=True)
class Record:
    """A dataclass that JSON can hold: plain values, further records, lists and mappings of them."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain values."""
        values: dict[str, Any] = plain(self)
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the record that `to_json` gave.

        Raises:
            TypeError, KeyError, ValueError: for values that are none of this class.
        """
        record: Self = _read(cls, values)
        return record


@dataclass(kw_only=True)
class Fold(Record):
    """A trained fold: its validation rows, seconds by phase, scores by metric, and the model's notes."""

    rows: int
    seconds: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float | None] = field(default_factory=dict)
    stopped_early: bool = False
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Code(Record):
    """The sources that a run was made by: the first digits of each one's SHA-256 by path, and a hash of all."""

    hash: str
    files: dict[str, str]


@dataclass(kw_only=True)
class Session(Record):
    """A process that worked on the run."""

    began: str
    code: str
    kit: str
    versions: dict[str, str]
    machine: dict[str, Any]


@dataclass(kw_only=True)
class Submission(Record):
    """The submission file in the run's folder."""

    file: str
    sha256: str
    rows: int


@dataclass(kw_only=True)
class RunRecord(Record):
    """A run: what identifies it (competition to data), what made it, and what came of it.

    `scores` are nested: what is learnt from out-of-fold predictions, such as a decision, is learnt on other folds than it
    is scored on; `optimistic` are those of what is submitted, scored on the very rows that it was learnt from. `nothing`
    are the scores of somebody who predicts their mean, or the shares of classes.

    `classes` are those of the target where classes are predicted, in the order of predictions, `decision` is what was
    learnt for the submission. `memory` is the most, in bytes, that the process had taken by the end of each phase.
    `stage` is the last stage that was finished of a run that has no submission yet; `error`
    says why one failed.
    """

    competition: str
    profile: str
    metric: str
    settings: dict[str, Any]
    data: dict[str, str]
    code: Code
    data_folder: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    kit: str = __version__
    format: int = FORMAT
    status: Status = Status.RUNNING
    stage: str = ""
    error: str = ""
    sessions: list[Session] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    folds: dict[int, Fold] = field(default_factory=dict)
    scores: dict[str, float | None] = field(default_factory=dict)
    optimistic: dict[str, float | None] = field(default_factory=dict)
    nothing: dict[str, float | None] = field(default_factory=dict)
    rows_scored: int = 0
    submission: Submission | None = None
    classes: list[str] = field(default_factory=list)
    decision: Decision | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """The status in words."""
        return " ".join(filter(None, [self.stage, self.status, self.error and f"({self.error})"]))


def _read(hint: Any, value: Any) -> Any:
    """Return a plain value as what a type asks for."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return None if value is None else _read(arguments[0], value)
    if origin in (list, dict) and not isinstance(value, origin):
        raise TypeError(f"expected {origin.__name__}, got {value!r}")
    if origin in (list, tuple):
        return origin(_read(arguments[0], each) for each in value)
    if origin is dict:
        return {arguments[0](key): _read(arguments[1], each) for key, each in value.items()}
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return hint(**{key: _read(hints[key], each) for key, each in value.items()})  # type: ignore[operator]
    if origin is typing.Literal:
        return value
    if hint is Status:
        return Status(value)
    if hint is not Any and not isinstance(value, (int, float) if hint is float else hint):
        raise TypeError(f"expected {hint.__name__}, got {value!r}")
    return value
