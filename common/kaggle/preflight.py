"""What can be checked before a push; Kaggle would report it hours later, or never."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from common.errors import KernelError
from common.kaggle.build import Built
from common.kaggle.errors import Capacity, Forbidden, LimitReached, NotFound, RulesNotAccepted
from common.kaggle.pushes import Pushes
from common.kaggle.results import KernelState, Ref
from common.kaggle.retry import Notify
from common.kaggle.sources import FIELDS, exists
from common.wording import listed

if TYPE_CHECKING:
    from common.kaggle.official import Client

GPU_SESSIONS = 2
"""Most batch sessions with a GPU that Kaggle runs at once for an account."""


def check(client: Client, built: Built, notify: Notify) -> None:
    """Refuse a push whose kernel could not do its work.

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
    quota = client.kernels.gpu_quota() if built.gpu else None
    if quota is not None:
        if not quota.left:
            when = f"; it is refilled {quota.refreshes:%Y-%m-%d %H:%M} UTC" if quota.refreshes else ""
            raise LimitReached(f"no GPU time is left this week ({_hours(quota.allowed)} used){when}. --cpu needs none")
        notify(f"GPU time left this week: {_hours(quota.left)} of {_hours(quota.allowed)}")


def require_session(client: Client, built: Built, pushes: Pushes) -> None:
    """Refuse a push if the account's GPU sessions are all in use, as far as they are known here.

    Raises:
        Capacity: with the kernels that run.
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
    """Refuse a second session: Kaggle starts one for each push, and one alone cannot be stopped."""
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
    for field, kind in FIELDS.items():
        for name in built.metadata[field]:
            if exists(client, kind, name) is False:
                missing.append(f"{kind} {name}")
            elif kind == "competition" and not client.competitions.info(name).entered:
                raise RulesNotAccepted(name)
            elif kind == "kernel":
                state = client.kernels.status(Ref.parse(name)).state
                if state is not KernelState.COMPLETE:
                    raise KernelError(f"input {name} is {state.value} and has no output yet; push when it is complete")
    if missing:
        raise NotFound(
            f"this account does not see {listed(missing, 10)}; correct the names in kernel-metadata.json, "
            "or push or upload what is missing first"
        )


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:.1f} h"
