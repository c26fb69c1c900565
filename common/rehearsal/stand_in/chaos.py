"""Faults that happen to the bytes: a layer around the whole application, and the connections it can cut."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import MutableMapping
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from common.rehearsal.stand_in.faults import CONTENT, FaultPlan, Strike

Connections = MutableMapping[tuple[str, int], asyncio.Transport]
PAGE = "<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"


def protocol(connections: Connections) -> type[H11Protocol]:
    """Return uvicorn's protocol with a register of open connections by the client's address."""

    class Registered(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if self.client is not None:
                connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                connections.pop(self.client, None)
            super().connection_lost(exc)

    return Registered


class Chaos:
    """An ASGI layer that lets each fault of a plan strike when its turn has come."""

    def __init__(self, application: ASGIApp, connections: Connections) -> None:
        self._application, self._connections = application, connections
        self.play(FaultPlan())

    def play(self, plan: FaultPlan) -> None:
        """Play another plan from its beginning; from any thread."""
        self._playing: tuple[FaultPlan, Counter[str]] = plan, Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        strike = self._strike(call_name(scope)) if scope["type"] == "http" else None
        if strike is None:
            await self._application(scope, receive, send)
        elif strike.fault.kind in CONTENT:
            await self._application({**scope, "strike": strike}, receive, send)
        elif strike.fault.kind == "slow":
            await asyncio.sleep(strike.get("seconds", 1.0))
            await self._application(scope, receive, send)
        elif strike.fault.kind == "cut_request":
            await self._application(scope, self._cut_receive(scope, receive, strike.get("after_bytes", 0)), _nowhere)
        elif strike.fault.kind == "cut_answer":
            await self._application(scope, receive, self._cut_send(scope, send, strike.get("after_bytes", 0)))
        else:
            await _refusal(strike)(scope, receive, send)

    def _strike(self, name: str) -> Strike | None:
        plan, calls = self._playing
        call = calls[name]
        calls[name] += 1
        struck = (fault for fault in plan.faults if fault.on == name and fault.strikes(call))
        fault = next(struck, None)
        return None if fault is None else Strike(fault, call - fault.skip)

    async def _cut(self, scope: Scope) -> None:
        if transport := self._connections.get(scope["client"]):
            transport.abort()
        await asyncio.sleep(0)  # uvicorn must see the loss before the application returns

    def _cut_receive(self, scope: Scope, receive: Receive, after: int) -> Receive:
        passed = 0

        async def cut() -> Message:
            nonlocal passed
            message = await receive()
            body: bytes = message.get("body", b"")
            if message["type"] == "http.request" and (passed + len(body) >= after or not message.get("more_body")):
                await self._cut(scope)
                if passed < after and body:
                    body, passed = body[: after - passed], after
                    return {"type": "http.request", "body": body, "more_body": True}
                return {"type": "http.disconnect"}
            passed += len(body)
            return message

        return cut

    def _cut_send(self, scope: Scope, send: Send, after: int) -> Send:
        passed = 0

        async def cut(message: Message) -> None:
            nonlocal passed
            if after == 0:
                await self._cut(scope)
                return
            body: bytes = message.get("body", b"")
            rest = after - passed
            passed += len(body)
            if passed < after:
                await send(message)
            elif rest > 0:
                await send({**message, "body": body[:rest], "more_body": True})
                await asyncio.sleep(0.01)  # let what was sent leave the buffer
                await self._cut(scope)

        return cut


def call_name(scope: Scope) -> str:
    """Return the name under which a plan speaks of a request: a method, `PUT`, `GET` or `LOG`."""
    path = str(scope["path"])
    if path.startswith("/upload/"):
        return "PUT"
    if path.startswith("/files/"):
        return "GET"
    return "LOG" if "/kernels/logs/stream/" in path else path.rpartition("/")[2]


def _refusal(strike: Strike) -> Response:
    if strike.fault.kind == "html":
        return HTMLResponse(PAGE, strike.get("code", 503))
    if strike.fault.kind == "rate_limited":
        wait = strike.get("retry_after")
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return JSONResponse({"code": 429, "message": "Too many requests"}, 429, headers)
    code = strike.get("code", 500)
    return JSONResponse({"code": code, "message": strike.get("message", "Internal error")}, code)


async def _nowhere(message: Message) -> None:
    del message
