"""What goes wrong on request: faults on the way between a client and the stand-in, as a layer around its application.

A fault says on which call it strikes (`on`: a method such as `SaveKernel`, or `PUT` for uploads, `GET` for
downloads, `LOG` for followed logs), after how many such calls (`skip`), how often (`times`, None: always), and
what it does:

kind           parameters               what the client meets
error          code, message            an error in Kaggle's format (500 by default); on `PUT` a refused upload
rate_limited   retry_after              429, with a Retry-After header if `retry_after` is given
html           code                     an HTML page (503) instead of JSON
slow           seconds                  an answer that comes late
cut_request    after_bytes              the connection is cut while the request's body is sent; nothing is processed
cut_answer     after_bytes              the request is processed, its answer cut; by default nothing of it arrives
late           code, calls              an error (504); the request is processed only after so many further calls of any kind
answer         answer                   this answer (status 200) instead of the right one; nothing is processed
drop_sources   field, ref               sources of this field are not found (all of them, or `ref`)
statuses       values                   these statuses one after another, the last one from then on
page_size      size                     pages of at most this size
cut_descriptions length                 descriptions of submissions cut to twelve characters
missing_file   name                     an output without this file
unscored       reason                   a submission that is COMPLETE with an error text and without a score
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.rehearsal.stand_in.push_rules import SOURCES

KINDS = {
    "error": {"code", "message"},
    "rate_limited": {"retry_after"},
    "html": {"code"},
    "slow": {"seconds"},
    "cut_request": {"after_bytes"},
    "cut_answer": {"after_bytes"},
    "late": {"code", "calls"},
    "answer": {"answer"},
    "drop_sources": {"field", "ref"},
    "statuses": {"values"},
    "page_size": {"size"},
    "cut_descriptions": {"length"},
    "missing_file": {"name"},
    "unscored": {"reason"},
}
CALLS = (
    *("SaveKernel", "GetKernel", "GetKernelSessionStatus", "ListKernelSessionOutput", "GetAcceleratorQuotaStatistics"),
    *("GetCompetition", "ListDataFiles", "GetSubmissionLimits", "ListSubmissions", "GetSubmission"),
    *("StartSubmissionUpload", "CreateSubmission", "CreateCodeSubmission", "StartBlobUpload"),
    *("CreateDataset", "CreateDatasetVersion", "GetDatasetStatus", "ListDatasetFiles"),
)
TRANSFERS = ("PUT", "GET", "LOG")
PUSH_ERROR = {"error": "Maximum batch GPU session count of 2 reached."}
PAGE = "<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"

Change = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault; see the table above."""

    on: str
    kind: str
    skip: int = 0
    times: int | None = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.on in (*CALLS, *TRANSFERS), f"unknown call {self.on}"
        assert self.parameters.keys() <= KINDS[self.kind], f"unknown parameter of {self.kind}: {self.parameters}"

    def strikes(self, call: int) -> bool:
        """Whether it strikes the `call`-th call of its method, counted from 0."""
        return call >= self.skip and (self.times is None or call < self.skip + self.times)

    def get(self, name: str, default: Any = None) -> Any:
        return self.parameters.get(name, default)


class Faults:
    """Faults in the order in which they are tried; the first one that strikes a call wins. For `StandIn(layer=…)`."""

    def __init__(self, *faults: Fault) -> None:
        self.faults, self.calls = faults, Counter[str]()
        self._late: list[tuple[int, Scope, bytes]] = []

    def __call__(self, application: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            name = call_name(scope)
            call = self.calls[name]
            self.calls[name] += 1
            for due in [due for due in self._late if self.calls.total() > due[0]]:
                self._late.remove(due)
                await application(due[1], _body(due[2]), _nowhere)
            fault = next((each for each in self.faults if each.on == name and each.strikes(call)), None)
            if fault is None:
                await application(scope, receive, send)
            elif fault.kind == "late":
                due = self.calls.total() + fault.get("calls", 3)
                self._late.append((due, dict(scope), await Request(scope, receive).body()))
                await JSONResponse({"code": 504, "message": "Gateway Timeout"}, fault.get("code", 504))(
                    scope, receive, send
                )
            else:
                await _strike(fault, call - fault.skip, application, scope, receive, send)

        return layer


def call_name(scope: Scope) -> str:
    """Return the name by which a fault means a request: a method, `PUT`, `GET` or `LOG`."""
    path = str(scope["path"])
    if path.startswith("/upload/"):
        return "PUT"
    if path.startswith("/files/"):
        return "GET"
    return "LOG" if "/kernels/logs/stream/" in path else path.rpartition("/")[2]


async def _strike(fault: Fault, count: int, application: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    match fault.kind:
        case "error" | "rate_limited" | "html" | "answer":
            await _instead(fault)(scope, receive, send)
        case "slow":
            await asyncio.sleep(fault.get("seconds", 1.0))
            await application(scope, receive, send)
        case "cut_request":
            await application(scope, _cut_receive(receive, send, fault.get("after_bytes", 0)), _nowhere)
        case "cut_answer":
            await application(scope, receive, _cut_send(send, fault.get("after_bytes", 0)))
        case _:
            request, change = _changes(fault, count, await Request(scope, receive).json())
            answer = await _answer(application, scope, request)
            if answer.status_code == 200:
                content = json.loads(answer.body)
                change(content)
                answer = JSONResponse(content)
            await answer(scope, receive, send)


def _instead(fault: Fault) -> Response:
    if fault.kind == "answer":
        return JSONResponse(fault.get("answer", PUSH_ERROR))
    if fault.kind == "html":
        return HTMLResponse(PAGE, fault.get("code", 503))
    if fault.kind == "rate_limited":
        seconds = fault.get("retry_after")
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        return JSONResponse({"code": 429, "message": "Too many requests"}, 429, headers)
    code = fault.get("code", 500)
    return JSONResponse({"code": code, "message": fault.get("message", "Internal error")}, code)


def _changes(fault: Fault, count: int, request: dict[str, Any]) -> tuple[dict[str, Any], Change]:
    """Return the request as it is passed on, and what is changed in its answer."""
    if fault.kind == "page_size":
        return {**request, "pageSize": fault.get("size", 1)}, lambda answer: None
    if fault.kind == "drop_sources":
        name, ref = fault.get("field", "modelDataSources"), fault.get("ref")
        sources = request.get(name) or []
        dropped = [source for source in sources if ref in (None, source)]
        request = {**request, name: [source for source in sources if source not in dropped]}
        return request, lambda answer: answer.get(SOURCES[name][1], []).extend(dropped)
    if fault.kind == "statuses":
        values = fault.get("values", ["QUEUED", "RUNNING"])
        return request, lambda answer: answer.update(status=values[min(count, len(values) - 1)])
    if fault.kind == "cut_descriptions":
        return request, lambda answer: [
            each.update(description=each.get("description", "")[: fault.get("length", 12)])
            for each in answer.get("submissions", ())
        ]
    if fault.kind == "missing_file":
        name = fault.get("name", "submission.csv")
        return request, lambda answer: answer.update(
            files=[file for file in answer.get("files", ()) if file.get("fileName", file.get("name")) != name]
        )

    def without_score(answer: dict[str, Any]) -> None:
        for submission in answer.get("submissions", [answer]):
            if submission.get("status") == "COMPLETE":
                reason = fault.get("reason", "Submission Scoring Error")
                submission.update(errorDescription=reason, publicScore="", privateScore="")

    return request, without_score


async def _answer(application: ASGIApp, scope: Scope, request: dict[str, Any]) -> Response:
    """Return the answer to a request whose body is this."""
    body, status = b"", 200

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(request).encode()}

    async def send(message: Message) -> None:
        nonlocal body, status
        status = message.get("status", status)
        body += message.get("body", b"")

    await application(scope, receive, send)
    return Response(body, status, media_type="application/json")


async def _cut(send: Send) -> None:
    send.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's own connection
    await asyncio.sleep(0)  # uvicorn must see the loss before the application returns


def _cut_receive(receive: Receive, send: Send, after: int) -> Receive:
    passed = 0

    async def cut() -> Message:
        nonlocal passed
        message = await receive()
        body: bytes = message.get("body", b"")
        if message["type"] == "http.request" and (passed + len(body) >= after or not message.get("more_body")):
            await _cut(send)
            if passed < after and body:
                body, passed = body[: after - passed], after
                return {"type": "http.request", "body": body, "more_body": True}
            return {"type": "http.disconnect"}
        passed += len(body)
        return message

    return cut


def _cut_send(send: Send, after: int) -> Send:
    passed = 0

    async def cut(message: Message) -> None:
        nonlocal passed
        if after == 0:
            await _cut(send)
            return
        body: bytes = message.get("body", b"")
        rest = after - passed
        passed += len(body)
        if passed < after:
            await send(message)
        elif rest > 0:
            await send({**message, "body": body[:rest], "more_body": True})
            await asyncio.sleep(0.01)  # let what was sent leave the buffer
            await _cut(send)

    return cut


def _body(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return receive


async def _nowhere(message: Message) -> None:
    del message


# --- at random -------------------------------------------------------------------------------------------

_RPC = (
    *("SaveKernel", "GetKernelSessionStatus", "ListKernelSessionOutput", "GetCompetition", "GetSubmissionLimits"),
    *("StartSubmissionUpload", "CreateSubmission", "CreateCodeSubmission", "ListSubmissions", "GetSubmission"),
)
_WILD: list[tuple[str, str, dict[str, Any]]] = [
    *((on, kind, {}) for on in (*_RPC, "PUT", "GET") for kind in ("error", "html", "cut_answer")),
    *((on, "rate_limited", {"retry_after": 0}) for on in _RPC),
    *((on, "rate_limited", {}) for on in _RPC),
    *((on, "slow", {"seconds": 0.05}) for on in _RPC),
    *(
        (on, "late", {"calls": calls})
        for on in ("SaveKernel", "CreateSubmission", "CreateCodeSubmission")
        for calls in (1, 9)
    ),
    ("SaveKernel", "answer", {"answer": {}}),
    ("SaveKernel", "answer", {"answer": {"ref": "/code/somebody/else", "versionNumber": 7}}),
    *(("GetKernel", "error", {"code": code, "message": "denied"}) for code in (403, 404)),
    *(("GetKernelSessionStatus", "error", {"code": code, "message": "denied"}) for code in (401, 403, 404)),
    ("GetKernelSessionStatus", "statuses", {"values": ["QUEUED", "COMPLETE", "RUNNING", "COMPLETE"]}),
    *(("SaveKernel", "drop_sources", {"field": name}) for name in SOURCES),
    ("SaveKernel", "answer", {"answer": PUSH_ERROR}),
    ("GET", "cut_answer", {"after_bytes": 100}),
    ("PUT", "cut_request", {"after_bytes": 10}),
    ("PUT", "error", {"code": 403, "message": "refused"}),
    ("GetKernelSessionStatus", "statuses", {"values": ["COMPLETE", "QUEUED", "RUNNING"]}),
    ("ListKernelSessionOutput", "page_size", {"size": 1}),
    ("ListKernelSessionOutput", "missing_file", {"name": "submission.csv"}),
    ("ListSubmissions", "cut_descriptions", {}),
    ("GetSubmission", "unscored", {}),
    ("ListSubmissions", "unscored", {}),
]


def random_faults(seed: int) -> tuple[Fault, ...]:
    """Return one to four faults drawn from a seed; the same seed gives the same faults."""
    draw = random.Random(seed)
    drawn = [draw.choice(_WILD) for _ in range(draw.randint(1, 4))]
    faults = []
    for on, kind, parameters in drawn:
        skip, times = draw.randint(0, 2), draw.choice((1, 1, 2, 3, None))
        faults.append(Fault(on=on, kind=kind, skip=skip, times=times, parameters=parameters))
    return tuple(faults)
