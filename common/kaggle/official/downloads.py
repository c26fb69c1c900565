"""Bytes from Kaggle: streamed, continued where they broke off, counted."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from common.errors import DeviceError
from common.kaggle.errors import Transient
from common.kaggle.official.answers import from_response, translate
from common.kaggle.results import Progress
from common.kaggle.retry import Notify, Retry, silent

CHUNK = 1 << 16
"""Bytes read at a time: what a broken connection costs, because half a piece is thrown away by the HTTP library."""

PLAIN = {"Accept-Encoding": "identity"}
"""A compressed answer could neither be counted nor resumed."""

Request = Callable[[Mapping[str, str]], requests.Response]
"""Requests the bytes with additional headers (Range, If-Range) and returns the streaming answer."""


@dataclass(frozen=True)
class _Partial:
    """A half-fetched file beside its target, and what proves that the rest belongs to it."""

    target: Path

    @property
    def data(self) -> Path:
        return self.target.with_name(self._name + ".part")

    @property
    def note(self) -> Path:
        return self.target.with_name(self._name + ".part.json")

    @property
    def _name(self) -> str:
        """The target's name, or one for it where a longer name would not fit into the file system."""
        name = self.target.name
        return name if len(name.encode()) <= 200 else hashlib.sha256(name.encode()).hexdigest()

    def size(self) -> int:
        return self.data.stat().st_size if self.data.exists() else 0

    def validator(self) -> str | None:
        try:
            value = json.loads(self.note.read_text(encoding="utf-8")).get("validator")
        except (OSError, ValueError, AttributeError):
            return None
        return value if isinstance(value, str) and self.size() else None

    def remember(self, validator: str | None) -> None:
        self.note.write_text(json.dumps({"validator": validator}), encoding="utf-8")

    def forget(self) -> None:
        self.data.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def receive(
    request: Request,
    target: Path,
    about: str,
    *,
    retry: Retry,
    progress: Progress | None = None,
    notify: Notify = silent,
) -> Path:
    """Fetch bytes into `target`, which appears only when it is whole.

    What an earlier attempt, or an earlier run, left behind is continued if the server still has the same
    bytes (ETag or Last-Modified). As long as attempts bring something, they go on.

    Raises:
        Transient: if several attempts in a row bring nothing.
        KaggleError: if the server refuses.
        DeviceError: if the file cannot be written.
    """
    partial = _Partial(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        retry.call(lambda: _receive_once(request, partial, about, progress), progress=partial.size, notify=notify)
        partial.data.replace(target)
        partial.note.unlink(missing_ok=True)
    except OSError as error:
        raise DeviceError(f"{about}: cannot write {target}: {error.strerror}") from error
    return target


def _receive_once(request: Request, partial: _Partial, about: str, progress: Progress | None) -> None:
    validator, start = partial.validator(), partial.size()
    resumed = {"Range": f"bytes={start}-", "If-Range": validator} if validator else {}
    try:
        with request({**PLAIN, **resumed}) as response:
            if response.status_code == 416:
                partial.forget()
                raise Transient(f"{about}: the file has changed on the server")
            if response.status_code >= 400:
                raise from_response(response, about)
            start = start if _continues(response, start) else 0
            total = _length(response, start)
            partial.remember(_validator(response))
            with partial.data.open("ab" if start else "wb") as out:
                for chunk in response.iter_content(CHUNK):
                    start += out.write(chunk)
                    if progress:
                        progress(start, total)
    except requests.RequestException as error:
        raise translate(error, about) from error
    if total is not None and start != total:
        if start > total:
            partial.forget()
        raise Transient(f"{about}: {start:,} of {total:,} bytes arrived")


def _continues(response: requests.Response, start: int) -> bool:
    """Whether the answer is the rest from byte `start`; a server that ignores Range answers 200 with everything."""
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status_code == 206 and match is not None and int(match[1]) == start


def _length(response: requests.Response, start: int) -> int | None:
    match = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
    if response.status_code == 206 and match:
        return int(match[1])
    length = response.headers.get("Content-Length", "")
    coded = response.headers.get("Content-Encoding", "identity") != "identity"
    return start + int(length) if length.isdecimal() and not coded else None


def _validator(response: requests.Response) -> str | None:
    """Return what identifies the bytes: a strong ETag, else the date. Weak ETags do not promise equal bytes."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")
