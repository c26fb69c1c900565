"""What can be known before a push: everything here would otherwise be told hours later, or never."""

from __future__ import annotations

from datetime import timedelta

from common.errors import KernelError
from common.kaggle.build import Built
from common.kaggle.client import Client
from common.kaggle.errors import Capacity, Forbidden, LimitReached, NotFound, RulesNotAccepted
from common.kaggle.metadata import SOURCES
from common.kaggle.pushes import Pushes
from common.kaggle.results import KernelState, Ref
from common.kaggle.retry import Tell
from common.kaggle.sources import exists

GPU_SESSIONS = 2
"""Most batch sessions with a GPU that Kaggle runs at once for an account."""


def check(client: Client, built: Built, tell: Tell) -> None:
    """Refuse a push that could not do what is expected of it.

    Raises:
        KernelError: for another user's kernel, one that runs already, or an input that is not finished.
        NotFound: with every input that this account cannot see.
        RulesNotAccepted: with the page to open.
        LimitReached: if no GPU time is left this week.
    """
    user = client.whoami()
    if built.ref.owner.lower() != user.lower():
        raise KernelError(f"the kernel belongs to {built.ref.owner}, but you are {user}; build it with --owner {user}")
    _not_running(client, built.ref)
    _inputs(client, built)
    quota = client.kernels.quotas().gpu if built.gpu else None
    if quota is not None:
        if not quota.left:
            when = f"; new time comes {quota.refreshes:%Y-%m-%d %H:%M} UTC" if quota.refreshes else ""
            raise LimitReached(f"no GPU time is left this week ({_hours(quota.allowed)} used){when}. --cpu needs none")
        tell(f"GPU time left this week: {_hours(quota.left)} of {_hours(quota.allowed)}")


def room(client: Client, built: Built, pushes: Pushes) -> None:
    """Refuse to ask for a GPU session that Kaggle cannot give, as far as the sessions are known here.

    Raises:
        Capacity: naming the kernels that run.
    """
    if not built.gpu:
        return
    running = []
    for pushed in pushes.all():
        if pushed.gpu and pushed.active and pushed.ref.name != built.ref.name:
            try:
                state = client.kernels.status(pushed.ref).state
            except (NotFound, Forbidden):
                pushes.forget(pushed.ref)
                continue
            pushes.settle(pushed.ref, state)
            running += [] if state.final else [str(pushed.ref)]
    if len(running) >= GPU_SESSIONS:
        raise Capacity(f"{' and '.join(running)} use both GPU sessions; push when one has ended, or wait with --wait")


def _not_running(client: Client, ref: Ref) -> None:
    """Refuse a second session: Kaggle starts one for each push, and none can be stopped alone."""
    info = client.kernels.info(ref)
    if info is None or not info.version:
        return
    state = client.kernels.status(ref.at(info.version)).state
    if not state.final and state is not KernelState.NEW_SCRIPT:
        raise KernelError(
            f"{ref.name} is {state.value} (version {info.version}); a push would start a second session beside it. "
            "Wait for its end (kit kernel status), or stop it (kit kernel abort deletes the kernel)"
        )


def _inputs(client: Client, built: Built) -> None:
    missing = []
    for field, kind in SOURCES.items():
        for name in built.metadata[field]:
            if exists(client, kind, name) is False:
                missing.append(f"{kind} {name}")
            elif kind == "competition" and not client.competitions.info(name).entered:
                raise RulesNotAccepted(name)
            elif (
                kind == "kernel" and (state := client.kernels.status(Ref.parse(name)).state) is not KernelState.COMPLETE
            ):
                raise KernelError(
                    f"input {name} is {state.value}, so its output is not there; push when it is complete"
                )
    if missing:
        raise NotFound(
            f"this account does not see {', '.join(missing)}; correct the names in kernel-metadata.json, "
            "or push or upload what is missing first"
        )


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:.1f} h"
