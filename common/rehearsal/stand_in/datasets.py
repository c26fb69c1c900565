"""Datasets and the blobs that they consist of."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.responses import Response

from common.rehearsal.stand_in.answers import Body, Call, Handler, Refusal
from common.rehearsal.stand_in.store import Document
from common.rehearsal.stand_in.transfers import Transfers
from common.rehearsal.stand_in.world import World, moment

TITLE_LENGTHS = range(6, 51)
PURPOSE = "DATASET"
PROCESSING = (
    "NOT_YET_PERSISTED",
    "BLOBS_RECEIVED",
    "BLOBS_DECOMPRESSED",
    "BLOBS_COPIED_TO_SDS",
    "INDIVIDUAL_BLOBS_COMPRESSED",
)


class Datasets:
    """The services `datasets.DatasetApiService` and `blobs.BlobApiService`.

    A document `dataset` per `owner/slug` holds its versions; each has a folder of its files, in which
    archives are extracted as Kaggle does. A version is READY after `world.dataset_processing`.
    """

    def __init__(self, world: World, transfers: Transfers) -> None:
        self._world, self._transfers = world, transfers

    def handlers(self) -> dict[str, Handler]:
        """Return the methods by name."""
        return {
            "GetDatasetStatus": self.status,
            "GetDataset": self.get,
            "ListDatasets": self.list_all,
            "GetDatasetMetadata": self.metadata,
            "CreateDataset": self.create,
            "CreateDatasetVersion": self.create_version,
            "ListDatasetFiles": self.files,
            "DownloadDataset": self.download,
        }

    def start_blob(self, call: Call) -> Body:
        """Open the upload of one file."""
        return self._transfers.start(call, call.text("type"), call.text("name"))

    # For kernels

    def ready_version(self, ref: str, user: str) -> str | None:
        """Return `owner/slug/version` of the newest ready version, or of the one that `ref` names; else None."""
        owner, slug, *pinned = ref.split("/") if ref.count("/") in (1, 2) else ("", "")
        name = f"{owner}/{slug}"
        if name in self._world.sources.datasets:
            return f"{name}/1" if pinned in ([], ["1"]) else None
        dataset = self._world.store.get("dataset", name)
        if dataset is None or (dataset["isPrivate"] and owner != user):
            return None
        ready = [version["number"] for version in dataset["versions"] if self._state(version) == "READY"]
        fitting = [number for number in ready if not pinned or str(number) == pinned[0]]
        return f"{name}/{fitting[-1]}" if fitting else None

    def folder(self, pinned: str) -> Path:
        """Return the folder of a version given as `owner/slug/version`."""
        name, _, _ = pinned.rpartition("/")
        return self._world.sources.datasets.get(name) or self._world.folder / "datasets" / pinned

    # For the API

    def status(self, call: Call) -> Body:
        """Return the processing state of the newest version."""
        dataset = self._dataset(call)
        return {"status": self._state(dataset["versions"][-1])}

    def get(self, call: Call) -> Body:
        """Describe a dataset; the current version is the newest that is ready."""
        return self._described(self._dataset(call))

    def list_all(self, call: Call) -> Body:
        """List the datasets that are open to the user, of one owner, or holding what is searched for."""
        known = [*self._world.store.all("dataset"), *map(self._given, self._world.sources.datasets)]
        owner = call.text("user") or (call.user if call.text("group") == "MY" else "")
        found = []
        for dataset in known:
            author = dataset["ref"].split("/")[0]
            seen = (author == call.user or not dataset["isPrivate"]) and owner in ("", author)
            if seen and call.finds(dataset["ref"], dataset["title"]):
                found.append(self._described(dataset))
        page, token = call.page(found)
        return {"datasets": page, "nextPageToken": token}

    def _described(self, dataset: Document) -> Body:
        ready = [version["number"] for version in dataset["versions"] if self._state(version) == "READY"]
        owner = dataset["ref"].split("/")[0]
        same = {name: dataset[name] for name in ("id", "ref", "title", "licenseName", "isPrivate")}
        version = {"currentVersionNumber": ready[-1] if ready else 0, "lastUpdated": dataset["versions"][-1]["created"]}
        return {**same, "ownerName": owner, "ownerRef": owner, "creatorName": owner, **version}

    def metadata(self, call: Call) -> Body:
        """Return the metadata, which hold the licence that the client prints."""
        dataset = self._dataset(call)
        owner, slug = dataset["ref"].split("/")
        names = {"datasetId": dataset["id"], "datasetSlug": slug, "ownerUser": owner, "title": dataset["title"]}
        return {"info": {**names, "isPrivate": dataset["isPrivate"], "licenses": [{"name": dataset["licenseName"]}]}}

    def create(self, call: Call) -> Body:
        """Create a dataset of uploaded files. Errors come in a 200 answer, as from Kaggle."""
        owner, slug, title = call.text("ownerSlug"), call.text("slug"), call.text("title")
        ref = f"{owner}/{slug}"
        if owner != call.user:
            raise Refusal(403, "Permission 'datasets.create' was denied")
        if len(title) not in TITLE_LENGTHS or not re.fullmatch(r"[a-z0-9][a-z0-9-]{5,49}", slug):
            return {"status": "error", "error": "The dataset title and slug must have 6 to 50 characters"}
        if not call.text("licenseName"):
            return {"status": "error", "error": "A dataset needs a licence"}
        with self._world.store.transaction():
            if self._world.store.get("dataset", ref) is not None or ref in self._world.sources.datasets:
                return {"status": "error", "error": f"The requested title {title!r} is already in use by a dataset."}
            identity = self._world.store.next("dataset")
            private = bool(call.body.get("isPrivate", True))
            about = {"title": title, "licenseName": call.text("licenseName"), "isPrivate": private}
            return self._add_version(call, {"id": identity, "ref": ref, **about, "versions": []}, call.body)

    def create_version(self, call: Call) -> Body:
        """Add a version; one without files is accepted, which is how a failed upload loses them all."""
        with self._world.store.transaction():
            dataset = self._dataset(call)
            if not dataset["ref"].startswith(f"{call.user}/"):
                raise Refusal(403, "Permission 'datasets.update' was denied")
            return self._add_version(call, dataset, call.body.get("body") or {})

    def _add_version(self, call: Call, dataset: Document, body: Mapping[str, Any]) -> Body:
        ref, number = dataset["ref"], len(dataset["versions"]) + 1
        uploads = [self._transfers.take(call, str(file["token"]), PURPOSE) for file in body.get("files") or ()]
        invalid = [name for name, _ in uploads if not re.fullmatch(r"[A-Za-z0-9._ -]+", name)]
        folder = self._world.folder / "datasets" / ref / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, path in uploads:
            if name not in invalid:
                _unpack(path, folder, name)
        # A bad name passes here and fails in processing, which only the status shows.
        version = {"number": number, "created": self._world.now(), "failed": bool(invalid)}
        dataset["versions"].append(version)
        self._world.store.put("dataset", ref, dataset)
        address = f"https://www.kaggle.com/datasets/{ref}"
        return {"ref": ref, "url": address, "status": "ok", "error": "", "invalidTags": []}

    def files(self, call: Call) -> Body:
        """List the files of the newest ready version."""
        folder = self._ready_folder(call)
        paths, token = call.page(sorted(path for path in folder.rglob("*") if path.is_file()))
        names = [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in paths]
        listed = [{"ref": name, "name": name, "totalBytes": size} for name, size in names]
        return {"datasetFiles": listed, "nextPageToken": token}

    def download(self, call: Call) -> Response:
        """Redirect the client to one file, or to a zip of all."""
        folder, name = self._ready_folder(call), call.text("fileName")
        if name:
            path = (folder / name).resolve()
            if not path.is_relative_to(folder.resolve()) or not path.is_file():
                raise Refusal(404, f"Not found: {name}")
            return self._transfers.redirect(call, folder / name)
        archive = folder.with_name(f"{folder.name}.d") / f"{call.text('datasetSlug')}.zip"
        return self._transfers.redirect_to_zip(call, folder, archive)

    def _dataset(self, call: Call) -> Document:
        ref = f"{call.text('ownerSlug')}/{call.text('datasetSlug')}"
        if ref in self._world.sources.datasets:
            return self._given(ref)
        dataset = self._world.store.get("dataset", ref)
        if dataset is None or (dataset["isPrivate"] and not ref.startswith(f"{call.user}/")):
            raise Refusal(404, "Not found")
        return dataset

    @staticmethod
    def _given(ref: str) -> Document:
        version = {"number": 1, "created": "1970-01-01T00:00:00.000Z", "failed": False}
        about = {"title": ref.split("/")[1], "licenseName": "unknown", "isPrivate": False}
        return {"id": 0, "ref": ref, **about, "versions": [version]}

    def _ready_folder(self, call: Call) -> Path:
        self._dataset(call)
        pinned = self.ready_version(f"{call.text('ownerSlug')}/{call.text('datasetSlug')}", call.user)
        if pinned is None:  # until the first version is processed
            raise Refusal(403, "Permission 'datasets.get' was denied")
        return self.folder(pinned)

    def _state(self, version: Document) -> str:
        passed, whole = self._world.clock() - moment(version["created"]), self._world.dataset_processing
        if passed < whole:
            return PROCESSING[int(len(PROCESSING) * (passed / whole))]
        return "FAILED" if version["failed"] else "READY"


def _unpack(path: Path, folder: Path, name: str) -> None:
    """Put an uploaded file into a dataset's folder; a zip becomes a folder of its name."""
    if not name.endswith(".zip") or not zipfile.is_zipfile(path):
        path.replace(folder / name)
        return
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / name.removesuffix(".zip"))  # zipfile drops `..` and absolute names
    path.unlink()
