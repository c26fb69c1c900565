"""Bytes in and out: signed downloads with ranges, and resumable uploads. Neither is ever held in memory.

A download URL names a file below the state folder and carries a signature. `FileResponse` answers Range,
If-Range, ETag and Last-Modified. An upload follows Google's resumable protocol, which is what Kaggle's
storage speaks: `Content-Range: bytes */N` asks how much has arrived (308 and `Range`), `bytes a-b/N` continues.
"""

from __future__ import annotations

import hmac
import mimetypes
import re
import secrets
import threading
import zipfile
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from common.files import atomic_write
from common.rehearsal.stand_in.answers import Body, Call, Refusal
from common.rehearsal.stand_in.world import World

_RANGE = re.compile(r"bytes (?:\*|(\d+)-(\d+))/(\d+)")


class Transfers:
    """Downloads from and uploads into the state folder."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._packing = threading.Lock()
        self._uploads = world.folder / "uploads"
        self._uploads.mkdir(parents=True, exist_ok=True)

    # Downloads

    def url(self, call: Call, path: Path) -> str:
        """Return the address under which a file of the state folder can be fetched without an account."""
        relative = path.relative_to(self._world.folder).as_posix()
        return f"{call.base}/files/{quote(relative)}?sig={self._world.signature(relative)}"

    def redirect(self, call: Call, path: Path) -> Response:
        """Redirect the client to a file, as Kaggle's download methods do."""
        return RedirectResponse(self.url(call, path), 302)

    def redirect_to_zip(self, call: Call, folder: Path, archive: Path) -> Response:
        """Redirect the client to a zip of a folder, which is made when it is first requested."""
        with self._packing:
            if not archive.is_file():
                # Stored, not deflated: on loopback that is faster, however large the data are.
                with atomic_write(archive) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
                    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                        packed.write(path, path.relative_to(folder))
        return self.redirect(call, archive)

    async def send(self, request: Request) -> Response:
        """Answer a GET of a signed address."""
        relative = str(request.path_params["path"])
        signature = request.query_params.get("sig", "")
        if not hmac.compare_digest(signature, self._world.signature(relative)):
            raise Refusal(403, "Access denied: the address is not signed for this file")
        path = self._world.folder / relative
        if not path.is_file():
            raise Refusal(404, f"Not found: {path.name}")
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, media_type=kind, stat_result=await run_in_threadpool(path.stat))

    # Uploads

    def start(self, call: Call, purpose: str, name: str) -> Body:
        """Open an upload of `contentLength` bytes; its address needs no account."""
        size = call.number("contentLength", -1)
        if size < 0 or not name:
            raise Refusal(400, "an upload needs a file name and contentLength")
        token = secrets.token_urlsafe(24)
        document = {"token": token, "user": call.user, "purpose": purpose, "name": Path(name).name, "size": size}
        self._world.store.put("upload", token, document)
        return {"token": token, "createUrl": f"{call.base}/upload/{token}"}

    async def receive(self, request: Request) -> Response:
        """Answer a PUT: append the bytes, or report how many have arrived."""
        token = str(request.path_params["token"])
        upload = await run_in_threadpool(self._world.store.get, "upload", token)
        if upload is None:
            raise Refusal(404, "the upload has expired")
        path, size = self._uploads / token, int(upload["size"])
        arrived = path.stat().st_size if path.exists() else 0
        header = request.headers.get("content-range", "")
        if match := _RANGE.fullmatch(header):
            first, total = match.group(1, 3)
            if int(total) != size or (first is not None and int(first) > arrived):
                raise Refusal(400, f"Content-Range {header!r} does not continue an upload of {arrived}/{size} bytes")
            if first is None:
                return _complete() if arrived == size else _incomplete(arrived)
            start = int(first)
        elif header:
            raise Refusal(400, f"unreadable Content-Range {header!r}")
        else:
            start = 0
        arrived = await _append(request, path, start, size)
        return _complete() if arrived == size else _incomplete(arrived)

    def take(self, call: Call, token: str, purpose: str) -> tuple[str, Path]:
        """Use up a finished upload of this user; returns its name and the file, which the caller moves.

        Raises:
            Refusal: 400 for a token that is unknown, someone else's, of another purpose, or not all there.
        """
        upload = self._world.store.get("upload", token)
        path = self._uploads / token
        if upload is None or upload["user"] != call.user or upload["purpose"] != purpose:
            raise Refusal(400, f"Invalid upload token {token!r}")
        if not path.exists() or path.stat().st_size != upload["size"]:
            raise Refusal(400, f"the upload of {upload['name']!r} is not complete")
        self._world.store.delete("upload", token)
        return str(upload["name"]), path


async def _append(request: Request, path: Path, start: int, size: int) -> int:
    """Write the request's body into the file from `start` on; return how many bytes the file then has."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(start)
        file.seek(start)
        try:
            async for chunk in request.stream():
                if file.tell() + len(chunk) > size:
                    raise Refusal(400, f"more than the {size} bytes announced")
                file.write(chunk)
        except ClientDisconnect:
            pass  # what has arrived is kept; the client asks with `bytes */N` and continues
        return file.tell()


def _complete() -> Response:
    return JSONResponse({})


def _incomplete(arrived: int) -> Response:
    headers = {"Range": f"bytes=0-{arrived - 1}"} if arrived else {}
    return Response(status_code=308, headers=headers)
