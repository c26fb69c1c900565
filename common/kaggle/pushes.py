"""What was pushed from here: the newest version of each kernel, and which code is in it.

Kaggle does not say which code a version holds, and older clients not even which version a status is of. This
small file does, so that a later command, in another process, means the version that was pushed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from common.errors import KernelError
from common.files import atomic_write
from common.kaggle.results import KernelState, Ref


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """One pushed version. `bundle` is the hash of its sources, empty if another machine pushed it."""

    kernel: str
    ref: Ref
    bundle: str = ""
    gpu: bool = False
    url: str = ""
    at: str = ""
    state: KernelState = KernelState.QUEUED

    @property
    def active(self) -> bool:
        """Whether its session may still run, as far as is known here."""
        return not self.state.final


class Pushes:
    """The pushes that a file remembers, one for each kernel on Kaggle."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[Pushed]:
        """Return the newest push of every kernel.

        Raises:
            KernelError: if the file is damaged.
        """
        if not self._path.exists():
            return []
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            return [Pushed(**{**row, "ref": Ref.parse(row["ref"]), "state": KernelState[row["state"]]}) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KernelError(f"{self._path} cannot be read ({error}); delete it, it only remembers pushes") from None

    def last(self, ref: Ref) -> Pushed | None:
        """Return the newest push of a kernel, None if it was not pushed from here."""
        return next((pushed for pushed in self.all() if pushed.ref.name == ref.name), None)

    def keep(self, pushed: Pushed) -> Pushed:
        """Remember a push instead of the kernel's earlier one."""
        pushed = replace(pushed, at=pushed.at or datetime.now(UTC).isoformat(timespec="seconds"))
        self._write([*self._others(pushed.ref), pushed])
        return pushed

    def settle(self, ref: Ref, state: KernelState) -> None:
        """Remember the state of a version's session."""
        known = self.last(ref)
        if known is not None and known.ref == ref and known.state is not state:
            self.keep(replace(known, state=state))

    def forget(self, ref: Ref) -> None:
        """Forget a kernel."""
        self._write(self._others(ref))

    def _others(self, ref: Ref) -> list[Pushed]:
        return [pushed for pushed in self.all() if pushed.ref.name != ref.name]

    def _write(self, pushes: list[Pushed]) -> None:
        rows = [{**asdict(pushed), "ref": str(pushed.ref), "state": pushed.state.name} for pushed in pushes]
        with atomic_write(self._path, "w") as handle:
            json.dump(rows, handle, indent=1)
            handle.write("\n")
