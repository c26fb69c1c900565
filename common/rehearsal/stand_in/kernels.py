"""Kernels: push, status, output, log, pull, quota, delete; with the rules by which Kaggle refuses a push."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import cast

from slugify import slugify

from common.rehearsal.stand_in.answers import Body, Call, Handler, Refusal
from common.rehearsal.stand_in.catalogue import Catalogue
from common.rehearsal.stand_in.push_rules import SOURCES, check_format, machine
from common.rehearsal.stand_in.running import KernelRun, RunLimits
from common.rehearsal.stand_in.sessions import ACTIVE, GPU_HOURS, GPU_SESSIONS, RERUNS, TPU_HOURS, Sessions, refreshed
from common.rehearsal.stand_in.store import Document
from common.rehearsal.stand_in.transfers import Transfers
from common.rehearsal.stand_in.world import World, stamp

SESSION_SECONDS = {"cpu": 12 * 3600, "gpu": 12 * 3600, "tpu": 9 * 3600}
MEMORY_BYTES = {"cpu": 30 * 2**30, "gpu": 29 * 2**30, "tpu": 330 * 2**30}
DENIED = Refusal(403, "Permission 'kernels.get' was denied")  # what Kaggle says of a kernel that does not exist


class Kernels:
    """The service `kernels.KernelsApiService`."""

    def __init__(self, world: World, sessions: Sessions, catalogue: Catalogue, transfers: Transfers) -> None:
        self._world, self._sessions = world, sessions
        self._catalogue, self._transfers = catalogue, transfers

    def handlers(self) -> dict[str, Handler]:
        """Return the methods by name."""
        return {
            "SaveKernel": self.save,
            "GetKernelSessionStatus": self.status,
            "ListKernelSessionOutput": self.outputs,
            "ListKernelFiles": self.files,
            "GetKernel": self.get,
            "ListKernels": self.list_all,
            "DeleteKernel": self.delete,
            "GetAcceleratorQuotaStatistics": self.quota,
        }

    def resume(self) -> None:
        """Queue again what waited or ran when the server stopped."""
        for session in self._world.store.all("session"):
            key = str(session["key"])
            if session["status"] in ACTIVE and not key.startswith(RERUNS):
                self._sessions.queue(key, session["kind"], partial(self.run_of, key))

    def save(self, call: Call) -> Body:
        """Push: check, drop the sources that do not exist, store a new version and queue its session."""
        check_format(call)
        kind, accelerator = machine(call)
        runs = call.text("kernelExecutionType") != "QUICK_SAVE"
        with self._world.store.transaction():
            kernel = self._kernel_to_save(call)
            if runs and (reason := self._no_capacity(call.user, kind)):
                return {"error": reason}
            sources, invalid = self._resolve(call)
            number = int(kernel["currentVersionNumber"]) + 1
            ref = str(kernel["ref"])
            key = f"{ref}/{number}"
            version = {
                "key": key,
                "ref": ref,
                "number": number,
                "language": call.text("language"),
                "kernelType": call.text("kernelType"),
                "enableInternet": bool(call.body.get("enableInternet")),
                "kind": kind,
                "accelerator": accelerator,
                "dockerImage": call.text("dockerImage"),
                "seconds": min(call.number("sessionTimeoutSeconds") or SESSION_SECONDS[kind], SESSION_SECONDS[kind]),
                "sources": sources,
            }
            self._world.store.put("version", key, version)
            self._world.store.put("source", key, {"text": call.text("text")})
            kernel.update(currentVersionNumber=number, isPrivate=bool(call.body.get("isPrivate", True)))
            kernel["title"] = call.text("newTitle") or kernel["title"]
            self._world.store.put("kernel", ref, kernel)
            if runs:
                self._sessions.queue(key, kind, partial(self.run_of, key))
        address = f"https://www.kaggle.com/code/{ref}"
        numbers = {"versionNumber": number, "kernelId": kernel["id"]}
        return {"ref": f"/code/{ref}", "url": address, **numbers, "invalidTags": [], **invalid}

    def _kernel_to_save(self, call: Call) -> Document:
        """Return the kernel that a push means, or a new one.

        A new kernel is named by its title, whatever id was sent: that is how a title that does not
        fit the id ends in a kernel of another name.
        """
        store, ref, title = self._world.store, call.text("slug"), call.text("newTitle")
        number = call.number("id")
        if number:
            kernel = next((kernel for kernel in store.all("kernel") if kernel["id"] == number), None)
            if kernel is None or not kernel["ref"].startswith(f"{call.user}/"):
                raise Refusal(403, "Permission 'kernels.update' was denied")
            return kernel
        owner, _, slug = ref.partition("/")
        if owner != call.user:
            raise Refusal(403, "Permission 'kernels.update' was denied")
        kernel = store.get("kernel", ref)
        if kernel is None:
            ref = f"{owner}/{slugify(title) or slug}"
            kernel = store.get("kernel", ref)
        if kernel is None:
            identity = store.next("kernel", 4242)
            kernel = {"id": identity, "ref": ref, "title": title, "isPrivate": True, "currentVersionNumber": 0}
        previous = store.get("version", f"{kernel['ref']}/{kernel['currentVersionNumber']}")
        if previous is not None and previous["kernelType"] != call.text("kernelType"):
            raise Refusal(400, f"The type of a kernel cannot change from {previous['kernelType']}")
        return kernel

    def _no_capacity(self, user: str, kind: str) -> str:
        if kind == "cpu":
            return ""
        if kind == "gpu" and self._sessions.active(user, kind) >= GPU_SESSIONS:
            return f"Maximum batch GPU session count of {GPU_SESSIONS} reached."
        hours = {"gpu": GPU_HOURS, "tpu": TPU_HOURS}[kind]
        if self._sessions.used(user, kind) >= timedelta(hours=hours):
            return f"Weekly {kind.upper()} quota of {hours} hours used up."
        return ""

    def _resolve(self, call: Call) -> tuple[list[list[str]], Body]:
        sources: list[list[str]] = []
        invalid: Body = {}
        for field, (kind, list_name) in SOURCES.items():
            invalid[list_name] = []
            for ref in call.words(field):
                pinned = self._catalogue.pin(kind, ref, call.user)
                if pinned is None:
                    invalid[list_name].append(ref)
                else:
                    sources.append([kind, ref, pinned])
        return sources, invalid

    def run_of(self, key: str, rerun: bool = False) -> KernelRun:
        """Return what a runner needs to run a version, as pushed or as the hidden rerun of a submission."""
        version = self._world.store.get("version", key)
        source = self._world.store.get("source", key)
        if version is None or source is None:
            raise Refusal(404, f"kernel version {key} has been deleted")
        return KernelRun(
            ref=version["ref"],
            version=version["number"],
            kernel_type=version["kernelType"],
            language=version["language"],
            source=source["text"],
            inputs=tuple(self._catalogue.input(kind, ref, pinned, rerun) for kind, ref, pinned in version["sources"]),
            internet=version["enableInternet"],
            accelerator=version["accelerator"],
            rerun=rerun,
            limits=RunLimits(seconds=float(version["seconds"]), memory_bytes=MEMORY_BYTES[version["kind"]]),
        )

    def version_of(self, call: Call) -> tuple[Document, str]:
        """Return the requested kernel and the key of the version: the one of the label, else the newest."""
        ref = f"{call.text('userName')}/{call.text('kernelSlug')}"
        kernel = self._world.store.get("kernel", ref)
        if kernel is None or (kernel["isPrivate"] and call.text("userName") != call.user):
            raise DENIED
        number = call.text("versionLabel").removeprefix("v") or str(kernel["currentVersionNumber"])
        key = f"{ref}/{number}"
        if self._world.store.get("version", key) is None:
            raise Refusal(404, f"Not found: version {number} of {ref}")
        return kernel, key

    def status(self, call: Call) -> Body:
        """Return the state of a version's session; a version that was only saved has none."""
        _, key = self.version_of(call)
        session = self._world.store.get("session", key)
        if session is None:
            return {"status": "NEW_SCRIPT"}
        return {"status": session["status"], **({"failureMessage": session["failure"]} if session["failure"] else {})}

    def outputs(self, call: Call) -> Body:
        """List the output files with their addresses, and the log as Kaggle gives it: a text that holds JSON."""
        _, key = self.version_of(call)
        files, token = call.page(self._sessions.output(key))
        listed = [{"url": self._transfers.url(call, path), "fileName": name} for name, path in files]
        log = "" if self._sessions.is_active(key) else json.dumps(self._sessions.log(key))
        return {"files": listed, "log": log, "nextPageToken": token}

    def files(self, call: Call) -> Body:
        """List the output files with their sizes."""
        _, key = self.version_of(call)
        session = self._world.store.get("session", key) or {}
        created = session.get("ended") or self._world.now()
        files, token = call.page(self._sessions.output(key))
        listed = [{"name": name, "size": path.stat().st_size, "creationDate": created} for name, path in files]
        return {"files": listed, "nextPageToken": token}

    def get(self, call: Call) -> Body:
        """Pull: source and settings of a version."""
        kernel, key = self.version_of(call)
        version = cast(Document, self._world.store.get("version", key))
        source = cast(Document, self._world.store.get("source", key))
        blob = {"source": source["text"], "language": version["language"], "kernelType": version["kernelType"]}
        return {"metadata": self._described(kernel, version), "blob": {**blob, "slug": kernel["ref"].split("/")[1]}}

    def list_all(self, call: Call) -> Body:
        """List the kernels that are open to the user, of one owner or language, or holding what is searched for."""
        asked = {name: call.text(name) for name in ("language", "kernelType") if call.text(name) not in ("", "all")}
        owner = call.text("user") or (call.user if call.text("group") == "PROFILE" else "")
        kernels = []
        for kernel in self._world.store.all("kernel"):
            version = self._world.store.get("version", f"{kernel['ref']}/{kernel['currentVersionNumber']}")
            author = kernel["ref"].split("/")[0]
            if version is None or (kernel["isPrivate"] and author != call.user) or owner not in ("", author):
                continue
            if call.finds(kernel["ref"], kernel["title"]) and asked.items() <= version.items():
                kernels.append(self._described(kernel, version))
        page, token = call.page(kernels)
        return {"kernels": page, "nextPageToken": token}

    def _described(self, kernel: Document, version: Document) -> Body:
        owner, slug = kernel["ref"].split("/")
        lists = {
            field: [ref for kind, ref, _ in version["sources"] if kind == field_kind]
            for field, (field_kind, _) in SOURCES.items()
        }
        same = {name: version[name] for name in ("language", "kernelType", "enableInternet", "dockerImage")}
        of_kernel = {name: kernel[name] for name in ("id", "ref", "title", "isPrivate", "currentVersionNumber")}
        accelerator = {"enableGpu": version["kind"] == "gpu", "enableTpu": version["kind"] == "tpu"}
        shape = {"machineShape": version["accelerator"] or "None"}
        names = {"author": owner, "slug": slug, "categoryIds": []}
        session = self._world.store.get("session", version["key"]) or {}
        run = {"lastRunTime": session["ended"]} if session.get("ended") else {}
        return {**of_kernel, **names, **same, **accelerator, **shape, **lists, **run}

    def delete(self, call: Call) -> Body:
        """Delete a kernel with all its versions; what runs of it is stopped."""
        kernel, _ = self.version_of(call)
        ref, store = str(kernel["ref"]), self._world.store
        with store.transaction():
            for number in range(1, int(kernel["currentVersionNumber"]) + 1):
                for kind in ("version", "source"):
                    store.delete(kind, f"{ref}/{number}")
            store.delete("kernel", ref)
            self._sessions.remove(ref)
        return {}

    def quota(self, call: Call) -> Body:
        """Return how much accelerator time is used and when the week ends."""
        answer: Body = {"quotaRefreshTime": stamp(refreshed(self._world.clock()) + timedelta(weeks=1))}
        for kind, hours in (("gpu", GPU_HOURS), ("tpu", TPU_HOURS)):
            used = round(self._sessions.used(call.user, kind).total_seconds())
            total = {"totalTimeAllowed": f"{hours * 3600}s"}
            answer[f"{kind}Quota"] = {"timeUsed": f"{used}s", "timeReserved": "0s", **total}
        return answer
