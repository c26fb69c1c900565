"""What every part of the stand-in shares: its state, its clock, its competitions and the sources that exist."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from common.competition import Competition
from common.files import atomic_folder
from common.rehearsal.stand_in.accounts import Accounts
from common.rehearsal.stand_in.answers import Refusal
from common.rehearsal.stand_in.hidden import prepare
from common.rehearsal.stand_in.running import Runner
from common.rehearsal.stand_in.store import Store

Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """A competition as the stand-in hosts it: its description, the folder of its data, and what is open to the user.

    With `make`, which fills an empty folder, the data are made when they are first requested.
    """

    competition: Competition
    data: Path
    make: Callable[[Path], object] | None = None
    rules_accepted: bool = True
    submissions_disabled: bool = False
    deadline: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Datasets (`owner/slug`) and models (`owner/model/framework/variation/version`) that exist from the start."""

    datasets: Mapping[str, Path] = field(default_factory=dict)
    models: Mapping[str, Path] = field(default_factory=dict)


@dataclass(kw_only=True)
class World:
    """Everything that the routes share."""

    folder: Path
    store: Store
    clock: Clock
    hosted: Mapping[str, Hosted]
    runner: Runner
    sources: Sources = field(default_factory=Sources)
    accounts: Accounts = field(default_factory=Accounts)
    dataset_processing: timedelta = timedelta(0)
    _prepared: set[str] = field(default_factory=set, init=False)
    _preparing: threading.Lock = field(default_factory=threading.Lock, init=False)

    def now(self) -> str:
        """Return the present time in the format of Kaggle's answers."""
        return stamp(self.clock())

    def competition(self, slug: str, code: int = 404) -> Hosted:
        """Return a competition by its slug.

        Raises:
            Refusal: if there is none; Kaggle says 404, and 403 to a submission.
        """
        if slug not in self.hosted:
            reason = "Not found" if code == 404 else "Permission 'competitions.participate' was denied"
            raise Refusal(code, f"{reason}: competition {slug!r}")
        return self.hosted[slug]

    def competition_folder(self, slug: str) -> Path:
        """Return the folder of the files that are served and graded; made when first requested.

        Raises:
            DataError: for data that are missing or not as described.
        """
        folder, hosted = self.folder / "competitions" / slug, self.hosted[slug]
        with self._preparing:
            if slug not in self._prepared:
                if hosted.make is not None and not hosted.data.is_dir():
                    with atomic_folder(hosted.data) as folder_of_data:
                        hosted.make(folder_of_data)
                prepare(hosted.competition, hosted.data, folder)
                self._prepared.add(slug)
        return folder

    @cached_property
    def _secret(self) -> bytes:
        with self.store.transaction():
            document = self.store.get("secret", "urls") or {"key": secrets.token_hex(16)}
            self.store.put("secret", "urls", document)
        return bytes.fromhex(str(document["key"]))

    def signature(self, path: str) -> str:
        """Return the signature with which a path can be fetched without an account, as from Kaggle's storage."""
        return hmac.new(self._secret, path.encode(), hashlib.sha256).hexdigest()[:32]


def stamp(moment: datetime) -> str:
    """Write a moment (UTC) as Kaggle does: milliseconds and a Z."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def moment(text: str) -> datetime:
    """Read what `stamp` wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
