"""What goes wrong on request: a plan of faults, from code, from a JSON file, or at random from a seed.

A fault says on which call it strikes (`on`: a method such as `SaveKernel`, or `PUT` for uploads, `GET` for
downloads, `LOG` for followed logs), after how many such calls (`skip`), how often (`times`, None: always), and
what it does:

kind           parameters               what the client meets
error          code, message            an error in Kaggle's form (500 by default); on `PUT` a refused upload
rate_limited   retry_after              429, with a Retry-After header where `retry_after` is given
html           code                     an HTML page (503) where JSON is due
slow           seconds                  an answer that comes late
cut_request    after_bytes              the connection is cut while the request's body is sent; nothing is processed
cut_answer     after_bytes              the request is processed, its answer cut; by default nothing of it arrives
answer         answer                   this answer (status 200) instead of the right one; nothing is processed
drop_sources   field, ref               sources of this field are not found (all of them, or `ref`)
statuses       values                   these statuses one after another, the last one from then on
page_size      size                     pages of at most this size
missing_file   name                     an output without this file
unscored       reason                   a submission that is COMPLETE with an error text and without a score

The first six happen to the bytes (`chaos.py`), the others change request or answer, here, around a method that
knows nothing of it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.errors import SettingError, UnknownName
from common.rehearsal.stand_in.answers import Body, Call, Handler
from common.rehearsal.stand_in.push_rules import SOURCES

PUSH_ERROR = {"error": "Maximum batch GPU session count of 2 reached."}
TRANSPORT = {
    "error": {"code", "message"},
    "rate_limited": {"retry_after"},
    "html": {"code"},
    "slow": {"seconds"},
    "cut_request": {"after_bytes"},
    "cut_answer": {"after_bytes"},
}
CONTENT = {
    "answer": {"answer"},
    "drop_sources": {"field", "ref"},
    "statuses": {"values"},
    "page_size": {"size"},
    "missing_file": {"name"},
    "unscored": {"reason"},
}
KINDS = {**TRANSPORT, **CONTENT}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault; see the table above."""

    on: str
    kind: str
    skip: int = 0
    times: int | None = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownName("kind of fault", self.kind, KINDS)
        for name in self.parameters:
            if name not in KINDS[self.kind]:
                raise UnknownName(f"parameter of a {self.kind} fault", name, sorted(KINDS[self.kind]))
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise SettingError(f"a fault strikes after skip >= 0 calls, times >= 1; not {self.skip} and {self.times}")

    def strikes(self, call: int) -> bool:
        """Say whether it strikes the `call`-th call of its method, counted from 0."""
        return call >= self.skip and (self.times is None or call < self.skip + self.times)


@dataclass(frozen=True)
class FaultPlan:
    """Faults in the order in which they are tried; of those that would strike a call the first one does."""

    faults: tuple[Fault, ...] = ()

    @classmethod
    def load(cls, path: Path) -> FaultPlan:
        """Read a plan: a JSON list of objects with `on`, `kind`, and where needed `skip`, `times` and parameters.

        Raises:
            SettingError: for a file that is no such list.
            UnknownName: for a kind or parameter that does not exist.
        """
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SettingError(f"{path} is no fault plan: {error}") from None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise SettingError(f"{path} is no fault plan: a JSON list of objects is needed")
        return cls(tuple(_from_entry(dict(entry), path) for entry in entries))

    @classmethod
    def random(cls, seed: int) -> FaultPlan:
        """Return one to four faults drawn from a seed; the same seed gives the same plan."""
        draw = random.Random(seed)
        drawn = [draw.choice(_WILD) for _ in range(draw.randint(1, 4))]
        faults = []
        for on, kind, parameters in drawn:
            skip, times = draw.randint(0, 2), draw.choice((1, 1, 2, 3, None))
            faults.append(Fault(on=on, kind=kind, skip=skip, times=times, parameters=parameters))
        return cls(tuple(faults))

    def as_json(self) -> str:
        """Return the plan in the form that `load` reads."""
        entries = [
            {"on": fault.on, "kind": fault.kind, "skip": fault.skip, "times": fault.times, **fault.parameters}
            for fault in self.faults
        ]
        return json.dumps(entries, indent=1)


def _from_entry(entry: dict[str, Any], path: Path) -> Fault:
    try:
        known = {name: entry.pop(name) for name in ("on", "kind", "skip", "times") if name in entry}
        return Fault(**known, parameters=entry)
    except TypeError as error:
        raise SettingError(f"{path} is no fault plan: {error}") from None


@dataclass(frozen=True)
class Strike:
    """A fault that strikes now, for the `count`-th time from 0."""

    fault: Fault
    count: int

    def get(self, name: str, default: Any = None) -> Any:
        """Return a parameter."""
        return self.fault.parameters.get(name, default)


def distort(strike: Strike, handler: Handler) -> Handler:
    """Return the method as it behaves under a fault of content."""
    return _DISTORTIONS[strike.fault.kind](strike, handler)


def _answer(strike: Strike, handler: Handler) -> Handler:
    return lambda call: dict(strike.get("answer", PUSH_ERROR))


def _drop_sources(strike: Strike, handler: Handler) -> Handler:
    name, ref = strike.get("field", "modelDataSources"), strike.get("ref")

    def without(call: Call) -> Any:
        dropped = [source for source in call.words(name) if ref in (None, source)]
        kept = [source for source in call.words(name) if source not in dropped]
        answer = handler(Call(call.user, {**call.body, name: kept}, call.base))
        _, invalid = SOURCES[name]
        if isinstance(answer, dict) and invalid in answer:
            answer[invalid] += dropped
        return answer

    return without


def _statuses(strike: Strike, handler: Handler) -> Handler:
    values = strike.get("values", ["QUEUED", "RUNNING"])
    value = values[min(strike.count, len(values) - 1)]
    return _changed(handler, lambda answer: answer.update(status=value))


def _page_size(strike: Strike, handler: Handler) -> Handler:
    return lambda call: handler(Call(call.user, {**call.body, "pageSize": strike.get("size", 1)}, call.base))


def _missing_file(strike: Strike, handler: Handler) -> Handler:
    name = strike.get("name", "submission.csv")

    def without(answer: Body) -> None:
        answer["files"] = [file for file in answer.get("files", ()) if file.get("fileName", file.get("name")) != name]

    return _changed(handler, without)


def _unscored(strike: Strike, handler: Handler) -> Handler:
    reason = strike.get("reason", "Submission Scoring Error")

    def without_score(answer: Body) -> None:
        for submission in answer.get("submissions", [answer]):
            if submission.get("status") == "COMPLETE":
                submission.update(errorDescription=reason, publicScore="", privateScore="")

    return _changed(handler, without_score)


def _changed(handler: Handler, change: Callable[[Body], None]) -> Handler:
    def changed(call: Call) -> Any:
        answer = handler(call)
        if isinstance(answer, dict):
            change(answer)
        return answer

    return changed


_DISTORTIONS: dict[str, Callable[[Strike, Handler], Handler]] = {
    "answer": _answer,
    "drop_sources": _drop_sources,
    "statuses": _statuses,
    "page_size": _page_size,
    "missing_file": _missing_file,
    "unscored": _unscored,
}

_RPC = (
    *("SaveKernel", "GetKernelSessionStatus", "ListKernelSessionOutput", "GetCompetition", "GetSubmissionLimits"),
    *("StartSubmissionUpload", "CreateSubmission", "CreateCodeSubmission", "ListSubmissions", "GetSubmission"),
)
_WILD: list[tuple[str, str, dict[str, Any]]] = [
    *((on, kind, {}) for on in (*_RPC, "PUT", "GET") for kind in ("error", "html", "cut_answer")),
    *((on, "rate_limited", {"retry_after": 0}) for on in _RPC),
    *((on, "rate_limited", {}) for on in _RPC),
    *((on, "slow", {"seconds": 0.05}) for on in _RPC),
    *(("SaveKernel", "drop_sources", {"field": name}) for name in SOURCES),
    ("SaveKernel", "answer", {"answer": PUSH_ERROR}),
    ("GET", "cut_answer", {"after_bytes": 100}),
    ("PUT", "cut_request", {"after_bytes": 10}),
    ("PUT", "error", {"code": 403, "message": "refused"}),
    ("GetKernelSessionStatus", "statuses", {"values": ["COMPLETE", "QUEUED", "RUNNING"]}),
    ("ListKernelSessionOutput", "page_size", {"size": 1}),
    ("ListKernelSessionOutput", "missing_file", {"name": "submission.csv"}),
    ("GetSubmission", "unscored", {}),
    ("ListSubmissions", "unscored", {}),
]
