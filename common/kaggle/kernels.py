"""`kit kernel`: push a built kernel, follow it, fetch what it left, stop it. Nothing here prints."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import KernelError, KitError
from common.files import atomic_folder
from common.kaggle import outputs, preflight
from common.kaggle.build import Built
from common.kaggle.errors import Capacity, Damaged, KaggleError, NotFound, SourcesDropped, TimedOut, Unconfirmed
from common.kaggle.pushes import Pushed, Pushes
from common.kaggle.results import KernelState, KernelStatus, LogLine, Progress, Push, Ref
from common.kaggle.retry import FAILURES, Clock, Notify, poll, silent
from common.session.manifest import MANIFEST

if TYPE_CHECKING:
    from common.kaggle.official import Client

LOG = "kernel-log.txt"
"""Lies beside the fetched output, and marks a folder as one of fetched output."""

WATCH_SECONDS = 13 * 3600.0  # a session of 12 h, and some time in the queue
POLL_SECONDS = 30.0
SETTLED_SECONDS = 90.0
"""Right after a push, Kaggle may still show how the version before it ended; by then it does not."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """Output of one version. `verified` says that its manifest is there, fits, and names the pushed code."""

    folder: Path
    files: tuple[str, ...]
    verified: bool


def push(
    client: Client,
    built: Built,
    pushes: Pushes,
    *,
    timeout: int | None = None,
    patience: float = 0.0,
    notify: Notify = silent,
    clock: Clock | None = None,
) -> Pushed:
    """Push a built kernel once, after everything that can be checked was checked.

    Args:
        client: the connection.
        built: what `build` returned.
        pushes: remembers the version.
        timeout: limit of the session in seconds.
        patience: seconds to wait for a free GPU session; 0 refuses at once.
        notify: called with a line about what happens.
        clock: replaceable in tests.

    Raises:
        KernelError: see `preflight.check`; also if another process is pushing it.
        Capacity: if no session is free in time; nothing was pushed.
        SourcesDropped: if Kaggle accepted it without some of its inputs.
        Unconfirmed: if it may have arrived but is not to be seen; the next push or look finds it.
        KaggleError: see `common.kaggle.official`.
    """
    with pushes.pushing(built.ref):
        lost = (earlier := pushes.last(built.ref)) is not None and earlier.ref.version is None
        earlier = _known(client, built.ref, pushes)
        if lost and earlier is not None and earlier.ref.version and earlier.bundle == built.hash:
            notify(f"the push of {earlier.at}, whose answer was lost, arrived as {earlier.ref}; it is not repeated")
            return earlier
        preflight.check(client, built, notify)
        before = max(_version(client, built.ref), (earlier and earlier.ref.version) or 0)
        refusal: Capacity | None = None

        def attempt(waited: float) -> Push | None:
            nonlocal refusal
            try:
                preflight.require_session(client, built, pushes)
                pushes.keep(_record(built, built.ref.at(None), before=before))  # whatever happens to the answer
                return client.kernels.push(built.folder, timeout=timeout, above=before)
            except Capacity as error:
                if (now := _version(client, built.ref)) > before:  # pushing again would make one more
                    raise KernelError(
                        f"Kaggle saved {built.ref.at(now)} but does not run it ({error}); run it on its page"
                    ) from error
                refusal = error
                notify(f"{error} (waited {waited / 60:.0f} of {patience / 60:.0f} min)")
                return None

        try:
            push = poll(attempt, "a free session", every=60.0, limit=patience, clock=clock)
        except Unconfirmed:
            raise
        except KitError as error:
            pushes.forget(built.ref)
            if isinstance(error, SourcesDropped):
                earlier = _record(built, Ref.parse(error.ref).at(error.version))  # it runs, and can be stopped
            if earlier is not None:
                pushes.keep(earlier)
            raise (refusal or error if isinstance(error, TimedOut) else error) from None
        if push.ref.name != built.ref.name:
            pushes.forget(built.ref)
            notify(f"Kaggle calls the kernel {push.ref.name}, not {built.ref.name}")
        if push.invalid_tags:
            notify(f"Kaggle does not know the keywords {', '.join(push.invalid_tags)}")
        return pushes.keep(_record(built, push.ref, push.url))


def watch(
    client: Client,
    pushed: Pushed,
    pushes: Pushes,
    *,
    limit: float = WATCH_SECONDS,
    on_log: Callable[[LogLine], None] | None = None,
    notify: Notify = silent,
    clock: Clock | None = None,
) -> KernelStatus:
    """Wait until the session of a pushed version has ended, and return how.

    Args:
        client: the connection.
        pushed: the version.
        pushes: remembers its state.
        limit: seconds to wait.
        on_log: called with the log as it is written, from another thread; has got all of it when this returns.
        notify: called with a line when the state changes.
        clock: replaceable in tests.

    Raises:
        TimedOut: if it has not ended; it goes on running.
        KaggleError: if Kaggle cannot be reached for long.
    """
    follower = _Follower(client, pushed.ref, on_log) if on_log else None
    state: KernelState | None = None
    seen_active = False

    def look(waited: float) -> KernelStatus | None:
        nonlocal state, seen_active
        status = client.kernels.status(pushed.ref)
        if status.state is not state:
            state = status.state
            notify(f"{pushed.ref} is {state.value} ({waited / 60:.0f} min)")
        elif state.final and (seen_active or waited >= SETTLED_SECONDS):
            return status  # seen twice: Kaggle has shown an end in between
        seen_active |= not state.final
        if follower and state is KernelState.RUNNING:
            follower.start()
        return None

    ended = poll(look, f"{pushed.ref}", every=POLL_SECONDS, limit=limit, failures=FAILURES, clock=clock)
    pushes.settle(pushed.ref, ended.state)
    if follower:
        follower.finish()
    return ended


def output(
    client: Client, pushed: Pushed, folder: Path, *, progress: Progress | None = None, notify: Notify = silent
) -> Fetched:
    """Fetch what a version left, and its log, into `folder`, which is replaced in one step or left as it was.

    Args:
        client: the connection.
        pushed: the version.
        folder: for fetched output only.
        progress: called with the bytes of the file under way.
        notify: called with a line about what could not be verified.

    Raises:
        KernelError: if it has not ended, or `folder` holds something else.
        Damaged: if a complete version's output is not what its manifest says, or another version's.
    """
    status = client.kernels.status(pushed.ref)
    if not status.state.final:
        raise KernelError(f"{pushed.ref} is {status.state.value}; it has no output before its end")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / LOG).exists():
        raise KernelError(f"{folder} holds files that are not a kernel's output; name another folder with --out")
    with atomic_folder(folder) as part:
        fetched = outputs.fetch(client, pushed.ref, part, progress=progress)
        if status.state is KernelState.COMPLETE:
            _verify(pushed, fetched.manifest)
        else:
            notify(f"{pushed.ref} ended as {status.state.value}: its output is what it left, and is not verified")
        (part / LOG).write_text("".join(line.text for line in fetched.log), encoding="utf-8")
    verified = status.state is KernelState.COMPLETE and bool(pushed.bundle)
    return Fetched(folder=folder, files=fetched.files, verified=verified)


def abort(client: Client, ref: Ref, pushes: Pushes, *, confirm: Callable[[str], bool]) -> None:
    """Stop a kernel's session by deleting the kernel: Kaggle offers nothing less.

    Raises:
        NotFound: if there is no such kernel.
        KernelError: if the answer is no, or the kernel is still there afterwards.
    """
    info = client.kernels.info(ref)
    if info is None:
        raise NotFound(f"kernel not found: {ref.name}; it does not exist, or not for this account")
    versions = f"all its {info.version} versions" if (info.version or 1) > 1 else "its only version"
    if not confirm(
        f"delete {ref.name} with {versions}, their logs and outputs? This stops what runs; nothing brings it back"
    ):
        raise KernelError(f"{ref.name} was not deleted: not confirmed (--yes confirms it)")
    client.kernels.delete(ref)
    if client.kernels.info(ref) is not None:
        raise KernelError(f"{ref.name} is still there; delete it on its page")
    pushes.forget(ref)


def find(client: Client, ref: Ref, pushes: Pushes) -> Pushed:
    """Return the version that was pushed from here, else the newest one on Kaggle.

    The version of a push whose answer was lost is looked up.

    Raises:
        NotFound: if there is none.
    """
    known = _known(client, ref, pushes)
    if known is not None and known.ref.version and ref.version in (None, known.ref.version):
        return known
    info = client.kernels.info(ref)
    if info is None:
        raise NotFound(f"kernel not found: {ref.name}; kit kernel push creates it")
    return Pushed(kernel=ref.slug, ref=ref if ref.version else ref.at(info.version), url=known.url if known else "")


def _record(built: Built, ref: Ref, url: str = "", before: int = 0) -> Pushed:
    return Pushed(kernel=built.name, ref=ref, bundle=built.hash, gpu=built.gpu, url=url, before=before)


def _known(client: Client, ref: Ref, pushes: Pushes) -> Pushed | None:
    """Return the newest push from here; one whose answer was lost gets its version as soon as Kaggle shows one."""
    known = pushes.last(ref)
    if known is not None and known.ref.version is None and (now := _version(client, ref)) > known.before:
        known = pushes.keep(replace(known, ref=known.ref.at(now)))
    return known


def _version(client: Client, ref: Ref) -> int:
    info = client.kernels.info(ref)
    return (info.version or 0) if info else 0


def _verify(pushed: Pushed, manifest: dict[str, object] | None) -> None:
    if manifest is None:
        raise Damaged(f"{pushed.ref} is complete but left no {MANIFEST}: it is not a kernel of the kit, or not whole")
    if pushed.bundle and manifest.get("bundle") != pushed.bundle:
        bundle = str(manifest.get("bundle"))[:12]
        raise Damaged(
            f"the output is of other code (bundle {bundle}) than was pushed as {pushed.ref} ({pushed.bundle[:12]}): "
            "Kaggle still shows another version's; fetch it again in a minute"
        )


class _Follower:
    """Passes the log on while it is written; a log that breaks off must not end the waiting."""

    def __init__(self, client: Client, ref: Ref, on_log: Callable[[LogLine], None]) -> None:
        self._client, self._ref, self._on_log = client, ref, on_log
        self._shown = 0
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow, or begin again after the log broke off."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._follow, daemon=True, name=f"log of {self._ref}")
            self._thread.start()

    def finish(self) -> None:
        """Pass on the rest of the log of a session that has ended."""
        if self._thread is not None:
            self._thread.join(timeout=10.0)
        self._stopped.set()
        try:
            rest = self._client.kernels.log(self._ref)[self._shown :]
        except KaggleError:
            return  # it is fetched again with the output
        for line in rest:
            self._on_log(line)

    def _follow(self) -> None:
        try:
            for number, line in enumerate(self._client.kernels.follow(self._ref)):
                if self._stopped.is_set():
                    return
                if number >= self._shown:
                    self._shown += 1
                    self._on_log(line)
        except KaggleError:
            return  # the next look at the state begins again
