"""Kernels through the official client: push, follow, fetch, delete."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import requests

from common.kaggle.client import Progress
from common.kaggle.credentials import mask
from common.kaggle.errors import Forbidden, Invalid, NotFound, SourcesDropped, Transient
from common.kaggle.official.answers import from_response, from_words, translate
from common.kaggle.official.downloads import PLAIN, receive
from common.kaggle.official.paging import pages
from common.kaggle.official.session import Session, quiet
from common.kaggle.results import (
    KernelInfo,
    KernelState,
    KernelStatus,
    LogLine,
    OutputFile,
    Push,
    Quota,
    Quotas,
    Ref,
)

_KINDS = {
    "dataset_sources": "dataset",
    "competition_sources": "competition",
    "kernel_sources": "kernel",
    "model_sources": "model",
}
_END_OF_LOG = "END_OF_LOG"


class OfficialKernels:
    """See `common.kaggle.client.Kernels`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _service(self) -> Any:
        return self._session.sdk.kernels.kernels_api_client

    def push(self, folder: Path, *, timeout: int | None = None) -> Push:
        metadata = _read_metadata(folder)
        ref = Ref.parse(str(metadata.get("id") or ""))
        before = self.info(ref)
        known = (before.version or 0) if before else 0

        def act() -> Push:
            return self._push(folder, ref, timeout)

        def find() -> Push | None:
            now = self.info(ref)
            if now is None or (now.version or 0) <= known:
                return None
            dropped = _missing(metadata, now)
            if any(dropped.values()):
                raise SourcesDropped(ref.name, now.version, dropped)
            url = f"https://www.kaggle.com/code/{ref.name}"
            return Push(ref=ref.at(now.version), url=url, recovered=True)

        return self._session.retry.once(act, find, what=f"the push of {ref.name}", tell=self._session.tell)

    def _push(self, folder: Path, ref: Ref, timeout: int | None) -> Push:
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
            words = mask(str(answer.error), self._session.secrets)
            raise from_words(words, f"{about}: Kaggle says {words!r}")
        dropped = {kind: getattr(answer, f"invalid_{kind}_sources", None) or () for kind in _KINDS.values()}
        taken = _taken(answer, ref)
        if any(dropped.values()):
            raise SourcesDropped(taken.name, taken.version, dropped)
        return Push(ref=taken, url=str(answer.url or ""), invalid_tags=tuple(answer.invalid_tags or ()))

    def info(self, ref: Ref) -> KernelInfo | None:
        try:
            answer = self._call("get_kernel", ref, f"looking {ref.name} up")
        except (NotFound, Forbidden):  # Kaggle says 403 of names that do not exist, too
            return None
        metadata = answer.metadata
        if metadata is None:
            return None
        sources = {kind: tuple(getattr(metadata, f"{kind}_data_sources", None) or ()) for kind in _KINDS.values()}
        return KernelInfo(
            ref=ref,
            title=metadata.title,
            version=metadata.current_version_number or None,
            sources=sources,
            machine_shape=metadata.machine_shape or "",
            internet=metadata.enable_internet,
        )

    def status(self, ref: Ref) -> KernelStatus:
        answer = self._call("get_kernel_session_status", ref, f"status of {ref}", version=True)
        return KernelStatus(state=KernelState[answer.status.name], failure=self._clean(answer.failure_message or ""))

    def log(self, ref: Ref) -> list[LogLine]:
        answer = self._call("list_kernel_session_output", ref, f"log of {ref}", version=True, page_size=1)
        return self._lines(answer.log or "")

    def outputs(self, ref: Ref) -> list[OutputFile]:
        files: list[OutputFile] = []
        for page in pages(
            lambda token: self._call(
                "list_kernel_session_output", ref, f"outputs of {ref}", version=True, page_size=100, page_token=token
            )
        ):
            files += [OutputFile(name=file.file_name, url=file.url) for file in page.files or ()]
        return files

    def fetch(self, file: OutputFile, target: Path, *, progress: Progress | None = None) -> Path:
        session = self._session

        def ask(headers: Mapping[str, str]) -> requests.Response:
            return session.open.get(file.url, headers=dict(headers), stream=True)

        about = f"output {file.name}"
        return receive(ask, target, about, retry=session.retry, progress=progress, tell=session.tell)

    def follow(self, ref: Ref) -> Iterator[LogLine]:
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
                self._session.tell(f"{error}; reading on")
                self._session.retry.clock.sleep(self._session.retry.pause(2, error))

    def delete(self, ref: Ref) -> None:
        try:
            self._call("delete_kernel", ref, f"deleting {ref.name}")
        except (NotFound, Forbidden):
            if self.info(ref) is not None:  # gone already, perhaps by an attempt whose answer was lost
                raise

    def quotas(self) -> Quotas:
        answer = self._session.call(self._service.get_accelerator_quota_statistics, "quota")

        def quota(value: Any) -> Quota | None:
            if value is None or value.total_time_allowed is None:
                return None
            refreshes = answer.quota_refresh_time
            return Quota(
                used=value.time_used,
                allowed=value.total_time_allowed,
                refreshes=refreshes.replace(tzinfo=UTC) if refreshes else None,
            )

        return Quotas(gpu=quota(answer.gpu_quota), tpu=quota(answer.tpu_quota))

    def _call(self, method: str, ref: Ref, about: str, *, version: bool = False, **fields: Any) -> Any:
        function = getattr(self._service, method)
        # Older generations of the client have no such field; a watcher then has to tell versions apart by content.
        labelled = version and ref.version and hasattr(function.__annotations__["request"], "version_label")
        label = f"v{ref.version}" if labelled else None
        return self._session.call(
            function,
            about,
            user_name=ref.owner,
            kernel_slug=ref.slug,
            **({"version_label": label} | fields if label else fields),
        )

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
        """Read Kaggle's JSON of log entries; a text that is none is taken as it is."""
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


def _read_metadata(folder: Path) -> dict[str, Any]:
    try:
        metadata = json.loads((folder / "kernel-metadata.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"{folder} is no built kernel: kernel-metadata.json cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise Invalid(f"{folder / 'kernel-metadata.json'} is not JSON: {error}") from error
    if not isinstance(metadata, dict):
        raise Invalid(f"{folder / 'kernel-metadata.json'} is not a JSON object")
    source = folder / str(metadata.get("code_file") or "")
    if metadata.get("kernel_type") == "notebook" and source.is_file():
        try:
            json.loads(source.read_bytes())
        except ValueError as error:
            raise Invalid(f"{source} is no notebook: {error}") from error
    return metadata


def _taken(answer: Any, ref: Ref) -> Ref:
    """Return the name under which Kaggle took the push; the server derives it from the title in some cases."""
    path = str(answer.ref or "").removeprefix("/code/").strip("/")
    named = Ref.parse(path) if path.count("/") == 1 else ref
    return named.at(answer.version_number or None)


def _missing(metadata: Mapping[str, Any], now: KernelInfo) -> dict[str, list[str]]:
    """Return the sources asked for that the kernel on Kaggle has not, by kind; versions are left out of account."""

    def bare(name: str) -> str:
        return "/".join(name.lower().split("/")[:2])

    return {
        kind: [name for name in metadata.get(field) or () if bare(name) not in map(bare, now.sources.get(kind, ()))]
        for field, kind in _KINDS.items()
    }
