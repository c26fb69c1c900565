"""The routes of the stand-in, and the services behind them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from common.rehearsal.stand_in.answers import Body, Call, Handler, Refusal
from common.rehearsal.stand_in.catalogue import Catalogue
from common.rehearsal.stand_in.competitions import Competitions
from common.rehearsal.stand_in.datasets import Datasets
from common.rehearsal.stand_in.kernels import Kernels
from common.rehearsal.stand_in.sessions import Sessions
from common.rehearsal.stand_in.submissions import Submissions
from common.rehearsal.stand_in.transfers import Transfers
from common.rehearsal.stand_in.world import World

POLL_SECONDS = 0.1  # between two looks at a log that grows


class Services:
    """All services of one stand-in, and the ASGI `application` that serves them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._transfers = Transfers(world)
        self._sessions = Sessions(world)
        datasets = Datasets(world, self._transfers)
        catalogue = Catalogue(world, self._sessions, datasets)
        self._kernels = Kernels(world, self._sessions, catalogue, self._transfers)
        self._submissions = Submissions(world, self._transfers, self._sessions, self._kernels.run_of)
        competitions = Competitions(world, self._transfers)
        self._handlers: dict[str, Handler] = {
            **_of("kernels.KernelsApiService", self._kernels.handlers()),
            **_of("competitions.CompetitionApiService", {**competitions.handlers(), **self._submissions.handlers()}),
            **_of("datasets.DatasetApiService", datasets.handlers()),
            **_of("blobs.BlobApiService", {"StartBlobUpload": datasets.start_blob}),
        }
        self.application = self._routes()

    def resume(self) -> None:
        """Go on with what an earlier server left unfinished."""
        self._kernels.resume()
        self._submissions.resume()

    def stop(self) -> None:
        """End the worker threads."""
        self._sessions.stop()
        self._submissions.stop()

    def _routes(self) -> Starlette:
        routes = [
            Route("/api/v1/security.OAuthService/IntrospectToken", self._introspect, methods=["POST"]),
            Route("/api/v1/kernels/logs/stream/{owner}/{slug}", self._follow),
            Route("/api/v1/{service}/{method}", self._call, methods=["POST"]),
            Route("/files/{path:path}", self._transfers.send),
            Route("/upload/{token}", self._transfers.receive, methods=["PUT"]),
        ]
        handlers = {Refusal: _refused, 404: _no_route, 405: _no_route, Exception: _broken}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def _call(self, request: Request) -> Response:
        name = f"{request.path_params['service']}/{request.path_params['method']}"
        handler = self._handlers.get(name)
        if handler is None:
            raise Refusal(404, f"Not found: the stand-in has no method {name}")
        answer = await run_in_threadpool(handler, await self._authenticated(request))
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    async def _authenticated(self, request: Request) -> Call:
        user = self._world.accounts.identify(request.headers.get("authorization", ""))
        return Call(user, await _json(request), str(request.base_url).rstrip("/"))

    async def _introspect(self, request: Request) -> Response:
        token = str((await _json(request)).get("token", ""))
        user = self._world.accounts.owner(token)
        if user is None:
            raise Refusal(400, "bad token")
        return JSONResponse({"active": True, "username": user})

    async def _follow(self, request: Request) -> Response:
        user = self._world.accounts.identify(request.headers.get("authorization", ""))
        names = {"userName": request.path_params["owner"], "kernelSlug": request.path_params["slug"]}
        label = {"versionLabel": request.query_params.get("versionLabel", "")}
        _, key = await run_in_threadpool(self._kernels.version_of, Call(user, {**names, **label}, ""))
        if not await run_in_threadpool(self._sessions.is_active, key):
            return JSONResponse(await run_in_threadpool(self._sessions.log, key))
        return StreamingResponse(self._events(key), media_type="text/event-stream")

    async def _events(self, key: str) -> AsyncIterator[str]:
        """Yield the log of a session as server-sent events, to its end."""
        seen, active = 0, True
        while active:
            active = await run_in_threadpool(self._sessions.is_active, key)  # before reading: no line is missed
            entries: list[dict[str, Any]] = await run_in_threadpool(self._sessions.log, key)
            for entry in entries[seen:]:
                yield f"data: {json.dumps(entry)}\n\n"
            seen = len(entries)
            if active:
                await asyncio.sleep(POLL_SECONDS)
        yield "data: END_OF_LOG\n\n"


def _of(service: str, methods: dict[str, Handler]) -> dict[str, Handler]:
    return {f"{service}/{name}": handler for name, handler in methods.items()}


async def _json(request: Request) -> Body:
    body = await request.body()
    try:
        fields = json.loads(body or b"{}")
    except ValueError:
        raise Refusal(400, "the body is not JSON") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "the body is not a JSON object")
    return fields


async def _refused(request: Request, error: Exception) -> Response:
    return cast(Refusal, error).response()


async def _no_route(request: Request, error: Exception) -> Response:
    return Refusal(404, f"Not found: {request.method} {request.url.path}").response()


async def _broken(request: Request, error: Exception) -> Response:
    return Refusal(500, f"the stand-in failed: {type(error).__name__}: {error}").response()
