"""Kernels through the official client: push, follow, fetch, delete."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import requests

from common.kaggle.credentials import mask
from common.kaggle.errors import Forbidden, Invalid, NotFound, SourcesDropped, Transient
from common.kaggle.official.answers import from_response, from_words, translate
from common.kaggle.official.downloads import PLAIN, receive
from common.kaggle.official.package import quiet
from common.kaggle.official.paging import pages
from common.kaggle.official.session import Session
from common.kaggle.results import (
    KernelInfo,
    KernelState,
    KernelStatus,
    LogLine,
    OutputFile,
    Progress,
    Push,
    Quota,
    Ref,
    is_slug,
)
from common.kaggle.sources import KINDS
from common.session.kernel import METADATA, read

_END_OF_LOG = "END_OF_LOG"


class Kernels:
    """Kernels: push, follow, fetch, delete. Where a `Ref` has a version, that version is meant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _service(self) -> Any:
        return self._session.sdk.kernels.kernels_api_client

    def push(self, folder: Path, *, timeout: int | None = None, above: int = 0) -> Push:
        """Push a built folder, once, and return the version once Kaggle shows it.

        Args:
            folder: with the kernel and its metadata.
            timeout: limit of the session in seconds.
            above: a version that is known to exist; Kaggle may not show it at the moment.

        Raises:
            SourcesDropped: if inputs got lost.
            Capacity: if too many sessions run.
            Unconfirmed: if the version does not show up.
        """
        metadata = read(folder / METADATA)
        ref = Ref.parse(str(metadata.get("id") or ""))
        before = self.info(ref)
        known = max((before.version or 0) if before else 0, above)

        def find(made: Push | None) -> Push | None:
            now = self.info(made.ref if made else ref)
            if now is None or (now.version or 0) < ((made.ref.version or 0) if made else known + 1):
                return None
            if made:
                return made
            dropped = _missing(metadata, now)
            if any(dropped.values()):
                raise SourcesDropped(ref.name, now.version, dropped)
            return Push(ref=ref.at(now.version), url=f"https://www.kaggle.com/code/{ref.name}")

        act = partial(self._push, folder, ref, timeout, known)
        return self._session.retry.once(act, find, what=f"the push of {ref.name}", notify=self._session.notify)

    def _push(self, folder: Path, ref: Ref, timeout: int | None, known: int) -> Push:
        about = f"pushing {ref.name}"

        def official() -> Any:
            try:
                with quiet():
                    return self._session.api.kernels_push(str(folder), timeout=str(timeout) if timeout else None)
            except (json.JSONDecodeError, requests.RequestException):
                raise
            except (ValueError, TypeError) as error:  # the client's own checks, before it sends anything
                raise Invalid(f"{about}: {folder} is not a kernel that can be pushed: {error}") from error

        answer = self._session.run(official, about, repeat=False)
        if answer is None:
            raise Transient(f"{about}: no answer")
        if answer.error:
            words = self._clean(str(answer.error))
            raise from_words(words, f"{about}: Kaggle says {words!r}")
        # The server derives the slug from the title in some cases; anything else is no answer to this push.
        path = str(answer.ref or ref.name).removeprefix("/code/").strip("/")
        version = answer.version_number or 0
        owner, _, slug = path.partition("/")
        if owner.lower() != ref.owner.lower() or not is_slug(slug) or version <= (known if path == ref.name else 0):
            raise Transient(f"{about}: Kaggle answers with version {version} of {self._clean(path)!r}")
        pushed = Ref(owner, slug, version)
        dropped: dict[str, Any] = {kind: getattr(answer, f"invalid_{kind}_sources", None) or () for kind in KINDS}
        if any(dropped.values()):
            raise SourcesDropped(pushed.name, pushed.version, dropped)
        return Push(ref=pushed, url=str(answer.url or ""), invalid_tags=tuple(answer.invalid_tags or ()))

    def info(self, ref: Ref) -> KernelInfo | None:
        """Describe a kernel; None if there is none of that name."""
        try:
            metadata = self._call("get_kernel", ref, f"looking {ref.name} up").metadata
        except (NotFound, Forbidden):  # Kaggle says 403 of names that do not exist, too
            return None
        if metadata is None:
            return None
        sources: dict[str, tuple[str, ...]] = {
            kind: tuple(getattr(metadata, f"{kind}_data_sources", None) or ()) for kind in KINDS
        }
        return KernelInfo(ref=ref, version=metadata.current_version_number or None, sources=sources)

    def status(self, ref: Ref) -> KernelStatus:
        """Return the state of the session."""
        answer = self._call("get_kernel_session_status", ref, f"status of {ref}", version=True)
        return KernelStatus(state=KernelState[answer.status.name], failure=self._clean(answer.failure_message or ""))

    def log(self, ref: Ref) -> list[LogLine]:
        """Return the log of a finished session (empty while it runs)."""
        answer = self._call("list_kernel_session_output", ref, f"log of {ref}", version=True, page_size=1)
        return self._lines(answer.log or "")

    def outputs(self, ref: Ref) -> list[OutputFile]:
        """List the output files, all pages of them."""
        method, about = "list_kernel_session_output", f"outputs of {ref}"
        listing = pages(partial(self._call, method, ref, about, version=True, page_size=100))
        return [OutputFile(name=file.file_name, url=file.url) for page in listing for file in page.files or ()]

    def fetch(self, file: OutputFile, target: Path, *, progress: Progress | None = None) -> Path:
        """Fetch one output file to the path `target`; goes on where an earlier attempt broke off."""
        session = self._session

        def request(headers: Mapping[str, str]) -> requests.Response:
            return session.open.get(file.url, headers=dict(headers), stream=True)

        about = f"output {file.name}"
        return receive(request, target, about, retry=session.retry, progress=progress, notify=session.notify)

    def follow(self, ref: Ref) -> Iterator[LogLine]:
        """Yield the log while the session runs and to its end; reconnects without repeating lines."""
        shown = 0
        while True:
            try:
                for number, line in enumerate(self._stream(ref)):
                    if number >= shown:  # the server repeats everything from the beginning
                        shown += 1
                        yield line
                return
            except Transient as error:
                if self.status(ref).state.final:
                    yield from self.log(ref)[shown:]
                    return
                self._session.notify(f"{error}; reading on")
                self._session.retry.clock.sleep(self._session.retry.pause(2, error))

    def delete(self, ref: Ref) -> None:
        """Delete a kernel with all its versions: the only way to stop a run."""
        try:
            self._call("delete_kernel", ref, f"deleting {ref.name}")
        except (NotFound, Forbidden):
            if self.info(ref) is not None:  # gone already, perhaps by an attempt whose answer was lost
                raise

    def gpu_quota(self) -> Quota | None:
        """Return this week's GPU time; None if Kaggle does not say."""
        answer = self._session.call(self._service.get_accelerator_quota_statistics, "quota")
        quota, refreshes = answer.gpu_quota, answer.quota_refresh_time
        if quota is None or quota.total_time_allowed is None:
            return None
        when = refreshes.replace(tzinfo=UTC) if refreshes else None
        return Quota(used=quota.time_used, allowed=quota.total_time_allowed, refreshes=when)

    def _call(self, method: str, ref: Ref, about: str, *, version: bool = False, **fields: Any) -> Any:
        function = getattr(self._service, method)
        # Older generations of the client have no such field; a watcher then has to tell versions apart by content.
        if version and ref.version and hasattr(function.__annotations__["request"], "version_label"):
            fields["version_label"] = f"v{ref.version}"
        return self._session.call(function, about, user_name=ref.owner, kernel_slug=ref.slug, **fields)

    def _stream(self, ref: Ref) -> Iterator[LogLine]:
        """Yield the log from its beginning; ends normally only at its end. The client has no method for this route."""
        session, about = self._session, f"log of {ref}"
        http = session.sdk.http_client()
        base = http._endpoint if not session.endpoint else f"{session.endpoint}/api"
        url = f"{base}/v1/kernels/logs/stream/{ref.owner}/{ref.slug}"
        try:
            response = http._session.get(
                url,
                params={"versionLabel": f"v{ref.version}"} if ref.version else None,
                headers={**PLAIN, "Accept": "text/event-stream, */*"},
                stream=True,
            )
            with response:
                if response.status_code >= 400:
                    raise from_response(response, about, secrets=session.secrets)
                if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
                    yield from self._lines(response.text)
                    return
                for raw in response.iter_lines():
                    event = raw.decode("utf-8", "replace")
                    if not event.startswith("data:"):
                        continue
                    if (event := event.removeprefix("data:").strip()) == _END_OF_LOG:
                        return
                    yield from self._lines(event)
        except requests.RequestException as error:
            raise translate(error, about, secrets=session.secrets) from error
        raise Transient(f"{about}: the stream broke off")

    def _lines(self, text: str) -> list[LogLine]:
        """Read Kaggle's JSON of log entries; other text is taken as it is."""
        try:
            entries = json.loads(text)
        except ValueError:
            return [LogLine(text=self._clean(line)) for line in text.splitlines()]
        entries = entries if isinstance(entries, list) else [entries]
        return [
            LogLine(
                text=self._clean(str(entry.get("data", ""))),
                stream=str(entry.get("stream_name", "stdout")),
                seconds=entry.get("time"),
            )
            for entry in entries
            if isinstance(entry, dict)
        ]

    def _clean(self, text: str) -> str:
        return mask(text, self._session.secrets)


def _missing(metadata: Mapping[str, Any], now: KernelInfo) -> dict[str, list[str]]:
    """Return the requested sources that the kernel on Kaggle does not have, by kind; versions are ignored."""

    def bare(name: str) -> str:
        return "/".join(name.lower().split("/")[:2])

    return {
        kind: [
            name
            for name in metadata.get(f"{kind}_sources") or ()
            if bare(name) not in map(bare, now.sources.get(kind, ()))
        ]
        for kind in KINDS
    }
