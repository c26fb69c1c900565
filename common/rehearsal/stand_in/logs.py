"""The log of a session as a stream: server-sent events while it runs, the whole log as JSON when it has ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from common.rehearsal.stand_in.sessions import Sessions

POLL_SECONDS = 0.1


async def stream(sessions: Sessions, key: str) -> Response:
    """Answer `kaggle kernels logs --follow` for the session of one version."""
    if not await run_in_threadpool(sessions.is_active, key):
        return JSONResponse(await run_in_threadpool(sessions.log, key))
    return StreamingResponse(_events(sessions, key), media_type="text/event-stream")


async def _events(sessions: Sessions, key: str) -> AsyncIterator[str]:
    seen, going = 0, True
    while going:
        going = await run_in_threadpool(sessions.is_active, key)  # before reading: the last lines are not missed
        entries: list[dict[str, Any]] = await run_in_threadpool(sessions.log, key)
        for entry in entries[seen:]:
            yield f"data: {json.dumps(entry)}\n\n"
        seen = len(entries)
        if going:
            await asyncio.sleep(POLL_SECONDS)
    yield "data: END_OF_LOG\n\n"
