"""The seam on Kaggle's own client: `connect()` gives a `common.kaggle.client.Client`."""

from __future__ import annotations

from common.kaggle.official.competitions import OfficialCompetitions
from common.kaggle.official.datasets import OfficialDatasets
from common.kaggle.official.kernels import OfficialKernels
from common.kaggle.official.session import Session
from common.kaggle.retry import Retry, Tell, silent


class OfficialClient:
    """Kaggle through its official client; see `common.kaggle.client` for what each method promises."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.competitions = OfficialCompetitions(session)
        self.kernels = OfficialKernels(session)
        self.datasets = OfficialDatasets(session)

    def whoami(self) -> str:
        """Return the user name that Kaggle knows for the credential."""
        return self.session.username


def connect(
    endpoint: str | None = None,
    *,
    username: str | None = None,
    key: str | None = None,
    retry: Retry | None = None,
    tell: Tell = silent,
) -> OfficialClient:
    """Return a client; nothing is sent and nobody is signed in before its first use.

    Args:
        endpoint: a loopback URL such as `http://localhost:7777`, to talk to the stand-in and to nothing else;
            None for Kaggle itself, or for what KIT_KAGGLE or KAGGLE_API_ENVIRONMENT=LOCALHOST names.
        username: with `key`, sign in as this user of the stand-in rather than with the user's own credential.
        key: see `username`.
        retry: patience with what fails for the moment.
        tell: told about every repetition.

    Raises:
        SettingError: for an endpoint that is not on this machine.
    """
    return OfficialClient(Session(endpoint, username=username, key=key, retry=retry or Retry(), tell=tell))
