"""Which Kaggle credential the official client would use: asked without the network, named without its value."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from common.kaggle.errors import KaggleError

HELP = (
    "create an API token on https://www.kaggle.com/settings and put it into KAGGLE_API_TOKEN "
    "or into ~/.kaggle/access_token (chmod 600)"
)
TOKEN_PREFIX = "KGAT_"  # noqa: S105 (the public prefix of Kaggle's access tokens, no secret)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """The credential that would be used: its kind and source. The value itself is never kept here.

    `username` is None where only Kaggle knows it (tokens). `warnings` are whole sentences for the user.
    """

    kind: Literal["token", "key", "oauth", "none"]
    source: str
    username: str | None = None
    warnings: tuple[str, ...] = ()


def find() -> Credential:
    """Return the credential that the official client would use in this environment, of kind "none" if there is none.

    A token that is no longer active is passed over for the next credential: only Kaggle can tell.
    """
    warnings: list[str] = []
    candidates = [*_candidates(warnings)]
    if not candidates:
        return Credential(kind="none", source="nowhere", warnings=(*warnings, f"no Kaggle credential: {HELP}"))
    best, *others = candidates
    if others:
        when = "only used if that token is not active" if best.kind == "token" else "not used"
        warnings.append(f"{best.source} comes first; {' and '.join(other.source for other in others)}: {when}")
    return replace(best, warnings=tuple(warnings))


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without the given secrets, authorisation headers, Kaggle tokens and the queries of signed URLs."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


_MASKS = (
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), r"\1 ***"),
    (re.compile(rf"\b{TOKEN_PREFIX}\w+"), f"{TOKEN_PREFIX}***"),
    (re.compile(r"(https?://)[^\s/@]+@"), r"\1***@"),
    (re.compile(r"((?:https?://|url: )[^\s?'\"]+)\?[^\s'\")]+"), r"\1?***"),
    (re.compile(r"(\"(?:key|token|refresh_token|access_token|password)\"\s*:\s*)\"[^\"]+\""), r'\1"***"'),
)


def _candidates(warnings: list[str]) -> Iterator[Credential]:
    """Yield what the official client finds, in its order: access token, user name and key, OAuth sign-in."""
    from common.kaggle.official import package

    try:
        with package.quiet():
            api = package.api()
            from kagglesdk import KaggleCredentials, get_access_token_from_env

            token, source = get_access_token_from_env()
            values = api.read_config_environment(api.read_config_file(quiet=True))
            oauth = KaggleCredentials.load(client=None)
    except KaggleError as error:
        warnings.append(str(error))
        return
    except (OSError, ValueError, TypeError) as error:  # its words may hold the credential
        warnings.append(f"the official client cannot read a credential ({type(error).__name__}); {HELP}")
        return
    home = Path.home() / ".kaggle"
    named = Path(os.environ.get("KAGGLE_API_TOKEN", ""))
    for file in (Path(api.config), home / "access_token", home / "access_token.txt", home / "credentials.json", named):
        if os.name == "posix" and file.is_file() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            warnings.append(f"other users of this machine can read {file}: chmod 600 {file}")
    if token:
        if source != "KAGGLE_API_V1_TOKEN" and not re.fullmatch(rf"{TOKEN_PREFIX}\S+", token):
            warnings.append(
                f"the token from {source} does not look like one of Kaggle's ({TOKEN_PREFIX}…); "
                "the key of a kaggle.json belongs into KAGGLE_KEY, its user name into KAGGLE_USERNAME"
            )
        yield Credential(kind="token", source=source)
    elif source:
        warnings.append(f"{source} names a file without a token")
    user, key = values.get("username"), values.get("key")
    variables = [name for name in ("KAGGLE_USERNAME", "KAGGLE_KEY") if os.environ.get(name)]
    source = " and ".join(variables if len(variables) == 2 else [*variables, api.config])
    if user and key:
        yield Credential(kind="key", source=source, username=str(user))
    elif user or key or Path(api.config).exists():
        warnings.append(f"{source}: both a user name and a key are needed")
    if oauth:
        yield Credential(kind="oauth", source="~/.kaggle/credentials.json", username=oauth.get_username() or None)
