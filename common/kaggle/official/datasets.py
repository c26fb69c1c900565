"""Datasets through the official client: state, files, creation, new versions."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from common.kaggle.credentials import mask
from common.kaggle.errors import Forbidden, Invalid, NotFound, Transient
from common.kaggle.official.answers import from_words
from common.kaggle.official.paging import pages
from common.kaggle.official.session import Session
from common.kaggle.official.uploads import upload
from common.kaggle.results import DatasetState, DatasetStatus, Progress, Ref, RemoteFile


class Datasets:
    """Private datasets that carry wheels and weights to kernels without internet."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _service(self) -> Any:
        return self._session.sdk.datasets.dataset_api_client

    def _call(self, method: str, ref: Ref, about: str, **fields: Any) -> Any:
        call = getattr(self._service, method)
        return self._session.call(call, f"{about} {ref.name}", owner_slug=ref.owner, dataset_slug=ref.slug, **fields)

    def status(self, ref: Ref) -> DatasetStatus | None:
        """Return processing state and newest version; None if there is no such dataset (or not for this account)."""
        try:
            state = self._call("get_dataset_status", ref, "status of").status
            version = self._call("get_dataset", ref, "version of").current_version_number
        except (NotFound, Forbidden):  # Kaggle says 403 of a dataset that is not processed yet, too
            return None
        return DatasetStatus(state=DatasetState[state.name], version=version or None)

    def files(self, ref: Ref) -> list[RemoteFile]:
        """List the files of the newest version, all pages of them."""
        files: list[RemoteFile] = []
        for page in pages(partial(self._call, "list_dataset_files", ref, "files of", page_size=200)):
            if page.error_message:
                words = mask(page.error_message, self._session.secrets)
                raise from_words(words, f"files of {ref.name}: Kaggle says {words!r}")
            files += [RemoteFile(name=file.name, size=file.total_bytes or None) for file in page.dataset_files or ()]
        return files

    def create(
        self, ref: Ref, title: str, files: Sequence[Path], *, licence: str, progress: Progress | None = None
    ) -> None:
        """Upload files and create a private dataset of them, once."""
        about = f"creating dataset {ref.name}"
        fields = {"slug": ref.slug, "title": title, "license_name": licence, "is_private": True}
        fields["files"] = self._upload(files, about, progress)
        self._once("create_dataset", ref, fields, lambda: self.status(ref) is not None, about)

    def version(self, ref: Ref, notes: str, files: Sequence[Path], *, progress: Progress | None = None) -> None:
        """Upload files and make them the next version, once."""
        about = f"new version of dataset {ref.name}"
        before = self.status(ref)
        if before is None:
            raise NotFound(f"{about}: there is no such dataset; create it first")
        body = _types("datasets.types.dataset_api_service").ApiCreateDatasetVersionRequestBody()
        body.version_notes = notes
        body.files = self._upload(files, about, progress)

        def arrived() -> bool:
            now = self.status(ref)
            processing = now is not None and now.state is not DatasetState.READY and before.state is DatasetState.READY
            return processing or (now is not None and (now.version or 0) > (before.version or 0))

        self._once("create_dataset_version", ref, {"dataset_slug": ref.slug, "body": body}, arrived, about)

    def _once(self, method: str, ref: Ref, fields: dict[str, Any], arrived: Callable[[], bool], about: str) -> None:
        def act() -> bool:
            call = getattr(self._service, method)
            answer = self._session.call(call, about, repeat=False, owner_slug=ref.owner, **fields)
            if answer.error:
                words = mask(answer.error, self._session.secrets)
                raise from_words(words, f"{about}: Kaggle says {words!r}")
            if (answer.status or "").lower() != "ok":
                raise Transient(f"{about}: Kaggle answers with status {answer.status!r}")
            return True

        def find(made: bool | None) -> bool | None:
            return made or arrived() or None

        self._session.retry.once(act, find, what=about, notify=self._session.notify)

    def _upload(self, files: Sequence[Path], about: str, progress: Progress | None) -> list[Any]:
        if not files:
            raise Invalid(f"{about}: there is nothing to upload")
        blobs = self._session.sdk.blobs.blob_api_client
        kind = _types("blobs.types.blob_api_service").ApiBlobType.DATASET
        entries = []
        for file in files:
            start = partial(
                self._session.call,
                blobs.start_blob_upload,
                f"upload of {file.name}",
                type=kind,
                name=file.name,
                content_length=file.stat().st_size,
                last_modified_epoch_seconds=int(file.stat().st_mtime),
            )
            entry = _types("datasets.types.dataset_api_service").ApiDatasetNewFile()
            entry.token = upload(self._session, file, f"{about}: {file.name}", start, progress=progress)
            entries.append(entry)
        return entries


def _types(module: str) -> Any:
    """Return a module of the client's generated types."""
    return importlib.import_module(f"kagglesdk.{module}")
