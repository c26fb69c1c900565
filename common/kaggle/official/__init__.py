"""Kaggle through its own client: `connect()` gives a `Client` with three nouns, competitions, kernels and datasets.

Everything that the kit requests of Kaggle goes through here. Every method returns a value of `common.kaggle.results`
or raises a `KaggleError`; none prints, none returns before its answer is sure.
"""

from __future__ import annotations

from common.kaggle.official.competitions import Competitions
from common.kaggle.official.datasets import Datasets
from common.kaggle.official.kernels import Kernels
from common.kaggle.official.session import Session
from common.kaggle.retry import Notify, Retry, silent


class Client:
    """Kaggle, as the kit sees it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.competitions = Competitions(session)
        self.kernels = Kernels(session)
        self.datasets = Datasets(session)

    def whoami(self) -> str:
        """Return the user name that Kaggle knows for the credential."""
        return self.session.username


def connect(
    endpoint: str | None = None,
    *,
    username: str | None = None,
    key: str | None = None,
    retry: Retry | None = None,
    notify: Notify = silent,
) -> Client:
    """Return a client; nothing is sent and nobody is signed in before its first use.

    Args:
        endpoint: a loopback URL such as `http://localhost:7777`, to talk to the stand-in and to nothing else;
            None for Kaggle itself, or for what KIT_KAGGLE or KAGGLE_API_ENVIRONMENT=LOCALHOST names.
        username: with `key`, sign in as this user of the stand-in rather than with the user's own credential.
        key: see `username`.
        retry: patience with what fails for the moment.
        notify: called with a line about every repetition.

    Raises:
        SettingError: for an endpoint that is not on this machine.
    """
    return Client(Session(endpoint, username=username, key=key, retry=retry, notify=notify))
