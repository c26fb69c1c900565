"""Bytes to Kaggle's blob store: an address, the file sent there in pieces, and the token that names it.

The address follows Google's protocol of resumable uploads: `Content-Range: bytes */N` asks what has arrived.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import requests

from common.kaggle.errors import Invalid, KaggleError, Transient
from common.kaggle.official.answers import from_response, translate
from common.kaggle.official.session import Session
from common.kaggle.results import Progress
from common.kaggle.retry import Notify, Retry, silent


class UploadExpired(KaggleError):
    """The upload's address is no longer valid; a new one has to be requested."""


def upload(
    session: Session,
    file: Path,
    about: str,
    start: Callable[[], Any],
    *,
    progress: Progress | None = None,
) -> str:
    """Upload a file and return its token.

    Args:
        session: the connection.
        file: what to upload.
        about: for messages.
        start: requests an address from Kaggle; the answer has `token` and `create_url`. It may be
            repeated: an unused token has no effect.
        progress: called with the bytes sent.

    Raises:
        KaggleError: if the bytes did not all arrive.
    """

    def attempt() -> str:
        answer = start()
        send(
            session.open, file, answer.create_url, about, retry=session.retry, progress=progress, notify=session.notify
        )
        return str(answer.token)

    try:
        return attempt()
    except UploadExpired:
        return attempt()


def send(
    session: requests.Session,
    file: Path,
    url: str,
    about: str,
    *,
    retry: Retry,
    progress: Progress | None = None,
    notify: Notify = silent,
) -> None:
    """Upload a file to a resumable address, going on from what the server already has after a break.

    Raises:
        UploadExpired: if the address is no longer known.
        Invalid: if the server refuses the bytes, or the file changed on the way.
        Transient: if several attempts in a row bring nothing.
    """
    size, changed = file.stat().st_size, file.stat().st_mtime_ns
    start: int | None = None  # how many bytes the server has; None before the first attempt

    def attempt() -> None:
        nonlocal start
        start = 0 if start is None else _uploaded(session, url, size, about)
        if start <= size:  # else the server has it all; only its answer was lost
            _send_once(session, file, url, about, start, size, progress)

    retry.call(attempt, progress=lambda: start or 0, notify=notify)
    if file.stat().st_mtime_ns != changed or file.stat().st_size != size:
        raise Invalid(f"{about}: {file.name} changed while it was uploaded; do it again")


def _send_once(
    session: requests.Session, file: Path, url: str, about: str, start: int, size: int, progress: Progress | None
) -> None:
    headers = {"Content-Range": f"bytes {start}-{size - 1}/{size}"} if start else {}
    with file.open("rb") as stream:
        stream.seek(start)
        response = _put(session, url, about, _Counted(stream, size, progress) if size else b"", headers)
    if response.status_code in (200, 201):
        return
    if response.status_code == 308:
        raise Transient(f"{about}: the server has only a part")
    raise _refusal(response, about)


def _uploaded(session: requests.Session, url: str, size: int, about: str) -> int:
    """Ask how many bytes have arrived; size + 1 says that the upload is finished."""
    response = _put(session, url, about, b"", {"Content-Range": f"bytes */{size}"})
    if response.status_code in (200, 201):
        return size + 1
    if response.status_code != 308:
        raise _refusal(response, about)
    match = re.search(r"-(\d+)$", response.headers.get("Range", ""))
    return int(match[1]) + 1 if match else 0


def _put(session: requests.Session, url: str, about: str, body: Any, headers: Mapping[str, str]) -> requests.Response:
    try:
        return session.put(url, data=body, headers=dict(headers), allow_redirects=False)
    except requests.RequestException as error:
        raise translate(error, about) from error


def _refusal(response: requests.Response, about: str) -> KaggleError:
    if response.status_code in (404, 410):
        return UploadExpired(f"{about}: the upload's address has expired")
    return from_response(response, about)


class _Counted:
    """A file for `requests` to stream that reports its progress as it is read."""

    def __init__(self, stream: BinaryIO, size: int, progress: Progress | None) -> None:
        self._stream, self._size, self._progress = stream, size, progress

    def __len__(self) -> int:
        return self._size - self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        if block and self._progress:
            self._progress(self._stream.tell(), self._size)
        return block

    def fileno(self) -> int:
        return self._stream.fileno()

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)
