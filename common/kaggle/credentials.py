"""Which Kaggle credential the official client would use: found without the network, named without its value.

The order is the official client's own: access token, user name and key, OAuth sign-in, none. A token that
Kaggle calls inactive is passed over for the next one, which only Kaggle can say; `find` tells what else is there.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

CredentialKind = Literal["token", "key", "oauth", "none"]

HELP = (
    "create an API token on https://www.kaggle.com/settings and put it into KAGGLE_API_TOKEN "
    "or into ~/.kaggle/access_token (chmod 600)"
)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """The credential that wins, by kind and place. The value itself is never kept here.

    `username` is None where only Kaggle knows it (tokens). `warnings` are whole sentences for the user.
    """

    kind: CredentialKind
    source: str
    username: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is any credential at all."""
        return self.kind != "none"


def find(environ: Mapping[str, str] | None = None) -> Credential:
    """Return the credential that the official client would use in this environment.

    Args:
        environ: environment variables; the process's own by default. `HOME` decides where files are looked for.

    Returns:
        The first credential in the client's order, with warnings about it and about what it hides;
        one of kind "none" when there is nothing.
    """
    environ = os.environ if environ is None else environ
    warnings: list[str] = []
    found = [*_tokens(environ, warnings), *_keys(environ, warnings), *_oauth(environ, warnings)]
    if not found:
        return Credential(kind="none", source="nowhere", warnings=(*warnings, f"no Kaggle credential: {HELP}"))
    winner, *others = found
    for other in others:
        what = "only if Kaggle says that it is not active" if winner.kind == "token" else "not at all"
        warnings.append(f"{_NAMES[winner.kind]} from {winner.source} wins; {other.source} is used {what}")
    return Credential(kind=winner.kind, source=winner.source, username=winner.username, warnings=tuple(warnings))


def config_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of kaggle.json: KAGGLE_CONFIG_DIR, else ~/.kaggle, else the XDG folder on Linux."""
    environ = os.environ if environ is None else environ
    if chosen := environ.get("KAGGLE_CONFIG_DIR"):
        return Path(chosen)
    folder = _home(environ) / ".kaggle"
    if sys.platform.startswith("linux") and not folder.exists():
        return Path(environ.get("XDG_CONFIG_HOME") or _home(environ) / ".config") / "kaggle"
    return folder


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without the given secrets, authorisation headers, Kaggle tokens and the queries of signed URLs."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


_NAMES = {"token": "the access token", "key": "the key", "oauth": "the OAuth sign-in", "none": "nothing"}
_MASKS = (
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), r"\1 ***"),
    (re.compile(r"\bKGAT_\w+"), "KGAT_***"),
    (re.compile(r"(https?://)[^\s/@]+@"), r"\1***@"),
    (re.compile(r"((?:https?://|url: )[^\s?'\"]+)\?[^\s'\")]+"), r"\1?***"),
    (re.compile(r"(\"(?:key|token|refresh_token|access_token|password)\"\s*:\s*)\"[^\"]+\""), r'\1"***"'),
)
_LEGACY_KEY = re.compile(r"[0-9a-f]{32}")


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _tokens(environ: Mapping[str, str], warnings: list[str]) -> Iterator[Credential]:
    """Yield the access token, if any: notebook file, KAGGLE_API_TOKEN (value or file), files in ~/.kaggle."""
    in_notebook = "KAGGLE_KERNEL_RUN_TYPE" in environ and "KAGGLE_DATA_PROXY_URL" in environ
    places: list[tuple[str, str | None, Path | None]] = []
    if in_notebook and environ.get("KAGGLE_API_V1_TOKEN"):
        places.append(("KAGGLE_API_V1_TOKEN", None, Path(environ["KAGGLE_API_V1_TOKEN"])))
    if value := environ.get("KAGGLE_API_TOKEN"):
        is_file = _exists(Path(value))
        places.append(("KAGGLE_API_TOKEN", None if is_file else value, Path(value) if is_file else None))
    else:
        folder = _home(environ) / ".kaggle"
        places += [(str(folder / name), None, folder / name) for name in ("access_token", "access_token.txt")]
    for source, value, file in places:
        token = value if file is None else _read(file, warnings)
        if not token:
            if file is not None and _exists(file):
                warnings.append(f"{source} names {file}, which holds no token")
            continue
        if why := _suspicious(token):
            warnings.append(f"the token from {source} {why}")
        yield Credential(kind="token", source=source)
        return


def _keys(environ: Mapping[str, str], warnings: list[str]) -> Iterator[Credential]:
    """Yield the user name and key of kaggle.json, each overridden by its environment variable."""
    file = config_folder(environ) / "kaggle.json"
    saved = _read_json(file, warnings)
    parts = {"username": saved.get("username"), "key": saved.get("key")}
    places = dict.fromkeys(parts, str(file))
    for name in parts:
        if given := environ.get(f"KAGGLE_{name.upper()}"):
            parts[name], places[name] = given, f"KAGGLE_{name.upper()}"
    if all(parts.values()):
        if places["username"].startswith("KAGGLE_") != places["key"].startswith("KAGGLE_"):
            warnings.append(
                f"user name from {places['username']} and key from {places['key']}: do they belong together?"
            )
        source = str(file) if str(file) in places.values() else "KAGGLE_USERNAME and KAGGLE_KEY"
        yield Credential(kind="key", source=source, username=str(parts["username"]))
    elif any(parts.values()) or saved:
        missing = " and ".join(name for name, value in parts.items() if not value)
        where = next((places[name] for name, value in parts.items() if value), str(file))
        warnings.append(f"{where} is of no use alone: {missing} missing")


def _oauth(environ: Mapping[str, str], warnings: list[str]) -> Iterator[Credential]:
    file = _home(environ) / ".kaggle" / "credentials.json"
    saved = _read_json(file, warnings)
    if saved.get("refresh_token"):
        yield Credential(kind="oauth", source=str(file), username=saved.get("username") or None)


def _suspicious(token: str) -> str | None:
    """Say why a token cannot be one, without showing any of it."""
    if token.lstrip().startswith("{"):
        return "is a JSON document: a kaggle.json belongs into the folder ~/.kaggle"
    if _LEGACY_KEY.fullmatch(token):
        return "looks like the key of a kaggle.json: put it into KAGGLE_KEY, with KAGGLE_USERNAME"
    if re.search(r"\s", token):
        return "holds white space"
    if token.startswith(("~", "/", ".")):
        return "looks like a path, but there is no such file"
    if len(token) < 16:
        return f"is {len(token)} characters long, too short for a token"
    return None


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # a long token is not a possible file name
        return False


def _read(file: Path, warnings: list[str]) -> str | None:
    try:
        text = file.read_text(encoding="utf-8").strip()
        mode = file.stat().st_mode
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        warnings.append(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'not text'}")
        return None
    if text and os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.append(f"{file} can be read by other users of this machine: chmod 600 {file}")
    return text or None


def _read_json(file: Path, warnings: list[str]) -> dict[str, Any]:
    text = _read(file, warnings)
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        warnings.append(f"{file} is not a JSON object, so it is ignored")
        return {}
    return value
