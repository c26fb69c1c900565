"""Turn what the official client raises into the kit's errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from common.kaggle.credentials import HELP, mask
from common.kaggle.errors import (
    AuthError,
    Capacity,
    Forbidden,
    Invalid,
    KaggleError,
    LimitReached,
    NotFound,
    RateLimited,
    RulesNotAccepted,
    Transient,
    Unreached,
)

_CAPACITY = re.compile(r"session count|concurrent|too many (running )?sessions", re.IGNORECASE)
_LIMIT = re.compile(
    r"quota|deadline|allowance|(daily|submission|per day).*(limit|exceeded|exhausted|reached)|limit.*(daily|submission)"
    r"|submissions?\b.*\b(closed|disabled)",
    re.IGNORECASE,
)
_RULES = re.compile(r"\brules\b|join (this|the) competition", re.IGNORECASE)
_ABSENT = re.compile(r"not found|does not exist|cannot find|could not find", re.IGNORECASE)
_DENIED = re.compile(r"permission|denied|forbidden|not allowed|not authorized", re.IGNORECASE)


def translate(error: Exception, about: str, *, secrets: Iterable[str] = (), slug: str | None = None) -> KaggleError:
    """Return the kit's error for an exception of the official client.

    Args:
        error: what was raised; Kaggle's own words are kept.
        about: what was requested, the beginning of the message.
        secrets: values that must not appear in the message.
        slug: the competition that was requested, for the page where its rules are accepted.
    """
    response = getattr(error, "response", None)
    if isinstance(error, requests.HTTPError) and response is not None:
        return from_response(response, about, secrets=secrets, slug=slug)
    host = urlsplit(getattr(getattr(error, "request", None), "url", None) or "").hostname or "Kaggle"
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.ConnectTimeout) or isinstance(cause, NewConnectionError):
        return Unreached(f"{about}: no connection to {host}")
    if isinstance(error, requests.Timeout):
        return Transient(f"{about}: {host} did not answer in time")
    if isinstance(error, requests.exceptions.SSLError):
        return Transient(
            f"{about}: no secure connection to {host}; check the clock and the certificates of this machine"
        )
    if isinstance(error, requests.RequestException) and not isinstance(error, ValueError):
        return Transient(f"{about}: the connection to {host} broke off")
    return Transient(f"{about}: {host} gave an answer that cannot be read ({type(error).__name__})")


def from_response(
    response: requests.Response, about: str, *, secrets: Iterable[str] = (), slug: str | None = None
) -> KaggleError:
    """Return the kit's error for an HTTP answer that reports one."""
    code, text = _code_and_words(response)
    words = mask(text, secrets)
    message = f"{about}: Kaggle says {words!r}" if words else f"{about}: Kaggle answers {code}"
    if code == 429:
        seconds = retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))
        when = f", for {seconds:.0f} s" if seconds else ""
        return RateLimited(f"{about}: Kaggle asks to slow down{when}", seconds)
    if code >= 500 or code == 408:
        return Transient(f"{about}: Kaggle fails at the moment ({code})")
    if code == 401:
        return AuthError(f"{about}: Kaggle refuses the credential; {HELP}, or look at `kit doctor`")
    if code == 403 and slug and _RULES.search(words):
        return RulesNotAccepted(slug)
    if code == 404:
        return NotFound(f"{message} (404): check the spelling, and that this account may see it")
    if (refusal := from_words(words, message)).__class__ is not Invalid:
        return refusal
    if code == 403:
        return Forbidden(f"{message} (403): check the spelling, and that this account may see it")
    return Invalid(f"{message} ({code})")


def from_words(words: str, message: str) -> KaggleError:
    """Return the error that Kaggle's words mean if they come without a status, as `error` in a 200 answer."""
    kinds: tuple[tuple[re.Pattern[str], type[KaggleError], str], ...] = (
        (_CAPACITY, Capacity, "wait until one of your sessions ends, or delete one"),
        (_LIMIT, LimitReached, "nothing was spent"),
        (_ABSENT, NotFound, "check the spelling"),
        (_DENIED, Forbidden, "check the spelling, and that this account may do this"),
    )
    for pattern, kind, advice in kinds:
        if pattern.search(words):
            return kind(f"{message}; {advice}")
    return Invalid(message)


def retry_after(header: str | None, date: str | None = None) -> float | None:
    """Read a Retry-After header (seconds or an HTTP date); None if it is missing or makes no sense.

    A date is measured from the server's own `date`: this machine's clock may be days off.
    """
    if not header:
        return None
    try:
        if header.strip().replace(".", "", 1).isdigit():
            return float(header)
        now = _moment(date) if date else datetime.now(UTC)
        return max(0.0, (_moment(header) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _moment(header: str) -> datetime:
    when = parsedate_to_datetime(header)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _code_and_words(response: requests.Response) -> tuple[int, str]:
    """Return status and message; the JSON of a 200 answer may hold an error, and text that is not JSON is dropped."""
    try:
        body: Any = json.loads(response.text)
    except (ValueError, requests.RequestException, RuntimeError):
        body = None
    if not isinstance(body, dict):
        return response.status_code, ""
    code = body.get("code")
    message = " ".join(str(body.get("message") or "").split())
    return (code if isinstance(code, int) and code >= 400 else response.status_code), message[:300]
