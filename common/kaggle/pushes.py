"""What was pushed from here: the newest version of each kernel, and which code is in it.

Kaggle does not say which code a version holds, and older clients not even which version a status is of. This
small file does, so that a later command, in another process, means the version that was pushed.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.errors import KernelError, SettingError
from common.files import atomic_write, locked
from common.kaggle.results import KernelState, Ref


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """One pushed version. `bundle` is the hash of its sources, empty if another machine pushed it.

    A `ref` without a version is a push whose answer has not come (yet): it was made when `before` was the newest one.
    """

    kernel: str
    ref: Ref
    bundle: str = ""
    gpu: bool = False
    url: str = ""
    at: str = ""
    state: KernelState = KernelState.QUEUED
    before: int = 0

    @property
    def active(self) -> bool:
        """Whether its session may still run, as far as is known here."""
        return not self.state.final


class Pushes:
    """The pushes that a file remembers, one for each kernel on Kaggle. Several processes may write it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[Pushed]:
        """Return the newest push of every kernel; entries that make no sense are passed over.

        Raises:
            KernelError: if the file is damaged.
        """
        if not self._path.exists():
            return []
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            return [pushed for row in list(rows) if (pushed := _read(row)) is not None]
        except (OSError, ValueError, TypeError) as error:
            raise KernelError(f"{self._path} cannot be read ({error}); delete it, it only remembers pushes") from None

    def last(self, ref: Ref) -> Pushed | None:
        """Return the newest push of a kernel, None if it was not pushed from here."""
        return next((pushed for pushed in self.all() if pushed.ref.name == ref.name), None)

    def keep(self, pushed: Pushed) -> Pushed:
        """Remember a push instead of the kernel's earlier one."""
        pushed = replace(pushed, at=pushed.at or datetime.now(UTC).isoformat(timespec="seconds"))
        self._replace(pushed.ref, [pushed])
        return pushed

    def settle(self, ref: Ref, state: KernelState) -> None:
        """Remember the state of a version's session."""
        known = self.last(ref)
        if known is not None and known.ref == ref and known.state is not state:
            self.keep(replace(known, state=state))

    def forget(self, ref: Ref) -> None:
        """Forget a kernel."""
        self._replace(ref, [])

    def pushing(self, ref: Ref) -> AbstractContextManager[None]:
        """Keep every other push of the same kernel out of the block.

        Raises:
            KernelError: if there is one.
        """

        def refuse() -> None:
            raise KernelError(f"another process is pushing {ref.name}; wait for its end (kit kernel status)")

        return locked(self._path.with_name(f"push-{ref.owner}-{ref.slug}"), refuse)

    def _replace(self, ref: Ref, new: list[Pushed]) -> None:
        with locked(self._path):
            pushes = [*(pushed for pushed in self.all() if pushed.ref.name != ref.name), *new]
            rows = [{**asdict(pushed), "ref": str(pushed.ref), "state": pushed.state.name} for pushed in pushes]
            with atomic_write(self._path, "w") as handle:
                json.dump(rows, handle, indent=1)
                handle.write("\n")


def _read(row: Any) -> Pushed | None:
    try:
        return Pushed(**{**row, "ref": Ref.parse(row["ref"]), "state": KernelState[row["state"]]})
    except (SettingError, KeyError, TypeError, AttributeError):
        return None
