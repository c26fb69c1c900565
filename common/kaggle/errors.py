"""What can go wrong between the kit and Kaggle, one class per kind of error.

KaggleError                 everything below; one line, without any credential
├── AuthError               no credential, or one that Kaggle refuses
├── Forbidden               the account may not see or do this (Kaggle also says so of misspelt names)
│   └── RulesNotAccepted    the competition's rules are still to be accepted; `url` is the page to open
├── NotFound                no such competition, kernel, dataset, model or file
├── Invalid                 a request that Kaggle refuses
│   └── SourcesDropped      a push that arrived without some of its inputs: version N runs without that data
├── LimitReached            no submission left today, no GPU hours left this week, submissions closed
│   └── Capacity            too many sessions at once; one is free when another ends
├── Transient               network, overload, half answers: the same call may work later
│   ├── RateLimited         Kaggle asks to slow down; `retry_after` is in seconds where it said so
│   ├── Unreached           no connection was made, so nothing was sent
│   └── Unconfirmed         a push or submission whose answer was lost and that has not been seen since
├── TimedOut                something that was not ready in time
└── Damaged                 bytes that are not what was announced: size, checksum, missing or unsafe files
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from common.errors import KitError


class KaggleError(KitError):
    """A failure of Kaggle, its client or the connection."""


class AuthError(KaggleError):
    """No credential, or one that Kaggle refuses."""


class Forbidden(KaggleError):
    """The account may not see or do this; Kaggle answers the same for many misspelt names."""


class RulesNotAccepted(Forbidden):
    """The competition's rules are still to be accepted on its page."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self.url = f"https://www.kaggle.com/competitions/{slug}/rules"
        super().__init__(f"the rules of {slug} are not accepted yet: open {self.url}, join, then run this again")


class NotFound(KaggleError):
    """No such competition, kernel, dataset, model or file."""


class Invalid(KaggleError):
    """A request that Kaggle refuses; repeating it cannot help."""


class SourcesDropped(Invalid):
    """A push that arrived without some of its inputs.

    `version` exists and runs without that data; `dropped` maps a kind of source to the names left out.
    """

    def __init__(self, ref: str, version: int | None, dropped: Mapping[str, Iterable[str]]) -> None:
        self.ref, self.version = ref, version
        self.dropped = {kind: tuple(names) for kind, names in dropped.items() if names}
        listed = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in self.dropped.items())
        super().__init__(
            f"Kaggle does not know some inputs of {ref} ({listed}). Version {version} exists and runs without them: "
            "correct the names in kernel-metadata.json and push again"
        )


class LimitReached(KaggleError):
    """A daily, weekly or final limit: waiting a little does not help."""


class Capacity(LimitReached):
    """Too many sessions at once; one is free when another ends."""


class Transient(KaggleError):
    """Network, overload or half an answer: the same call may work later."""


class RateLimited(Transient):
    """Kaggle asks to slow down."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Unreached(Transient):
    """No connection was made, so nothing was sent."""


class Unconfirmed(Transient):
    """A push or submission whose answer was lost and that has not been seen since: look before repeating."""


class TimedOut(KaggleError):
    """Something on Kaggle that was not ready in time."""


class Damaged(KaggleError):
    """Bytes or files that are not what was announced."""
