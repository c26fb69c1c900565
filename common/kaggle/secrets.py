"""Credentials in what is about to be published: found by their format or a value's entropy, named, never shown."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from common.errors import SecretFound
from common.wording import listed


@dataclass(frozen=True)
class Finding:
    """Where something looks like a credential, and like which kind; the value is not kept."""

    file: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.kind}"


# Credentials that are known by their format alone.
_FORMATS = {
    "a Kaggle token": re.compile(r"\bKGAT_[A-Za-z0-9_]{16,}"),
    "a Kaggle key": re.compile(r"""["']?key["']?\]?\s*[:=]\s*["'][0-9a-f]{32}["']""", re.IGNORECASE),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    "an AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,})"),
    "a Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "a Google key": re.compile(r"\bAIza[\w-]{35}"),
    "a Slack token": re.compile(r"\bxox[abeoprs]-[\w-]{10,}"),
    "an API key": re.compile(r"\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}"),
    "a web token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"{}]+:[^\s/@'\"{}]{4,}@"),
}
# The nearest of these words before a random value says whether it is a credential.
_SECRET_WORDS = {
    *("key", "apikey", "token", "secret", "password", "passwd", "passphrase", "pwd", "credential"),
    *("auth", "authorization", "bearer", "login"),
}
_HARMLESS_WORDS = {
    *("sha", "sha1", "sha256", "md5", "hash", "digest", "checksum", "revision", "commit", "etag", "bundle"),
}
_WORDS_BEFORE = 8
_VALUE = re.compile(r"[A-Za-z0-9+/=_.~-]{16,}")
_KEY_SHAPE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}")  # of Kaggle's keys and of Weights & Biases'
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_JOINED = re.compile(r"""(["'])[ \t]*\+?[ \t]*[brfuBRFU]{0,2}\1""")  # "two" "halves"
_LENGTH = 16
_ENTROPY = 3.0  # bits per character: words of a language have less, random letters, digits and hex more
_FILES = re.compile(
    r"(\.env(\..+)?|kaggle\.json|access_token(\.txt)?|credentials\.json|\.netrc|id_(rsa|ed25519|ecdsa)|.*\.(pem|p12|pfx|key))"
)


def refuse(files: Mapping[str, str]) -> None:
    """Refuse files that hold what looks like a credential.

    Args:
        files: text by name.

    Raises:
        SecretFound: names files, lines and kinds.
    """
    if findings := [finding for name, text in files.items() for finding in scan(name, text)]:
        raise SecretFound(
            f"this looks like a credential: {listed(findings)}. Take it out; "
            "a kernel gets secrets from Kaggle's Add-ons > Secrets, and one that was ever published must be revoked"
        )


@functools.lru_cache(maxsize=2048)  # the kernels that one process builds share most files
def scan(name: str, text: str) -> tuple[Finding, ...]:
    """Return what looks like a credential in a file: at most one finding for each line, and one for its name."""
    findings = [Finding(name, 0, "a file that usually holds one")] if is_secret_file(name) else []
    before, whole = "", _JOINED.sub("", text)
    formats = {kind: pattern for kind, pattern in _FORMATS.items() if pattern.search(whole)}  # of most files none
    for number, line in enumerate(text.splitlines(), start=1):
        joined = _JOINED.sub("", line)
        kind = next((kind for kind, pattern in formats.items() if pattern.search(joined)), None)
        if kind := kind or _named(before, joined):
            findings.append(Finding(name, number, kind))
        before = line if line.strip() else before
    return tuple(findings)


def is_secret_file(name: str) -> bool:
    """Whether a file of this name usually holds a credential."""
    return _FILES.fullmatch(PurePosixPath(name).name.lower()) is not None


def _named(before: str, line: str) -> str | None:
    """Judge the random values of a line by the names in front of them; one that opens the line, by the line before."""
    for match in _VALUE.finditer(line):
        context = line[: match.start()]
        # `NAME=value` without quotes is one run of these characters.
        name, sign, value = match[0].partition("=")
        value = value if sign and value.strip("=") and _NAME.fullmatch(name) else match[0]
        context += match[0].removesuffix(value)
        names = _NAME.findall(context) if re.search(r"\w{3}", context) else _NAME.findall(before)
        if value.startswith("0x") or not _random(value):
            continue
        for name in reversed(names[-_WORDS_BEFORE:]):
            parts = re.split(r"[_.\-]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
            if _HARMLESS_WORDS.intersection(parts):
                break
            if _SECRET_WORDS.intersection(part.rstrip("s") for part in parts):
                return f"a random value called {name}"
        else:
            if _KEY_SHAPE.fullmatch(value):
                return "a value that looks like a key"
    return None


def _random(value: str) -> bool:
    """Whether a value is made of random letters and digits, as no word, path or version is."""
    value = max(re.findall(r"[A-Za-z0-9+/=]+", value), key=len, default="")  # words and slugs are full of dashes
    if len(value) < _LENGTH or not re.search(r"\d", value) or not re.search(r"[A-Za-z]", value):
        return False
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    digits = sum(character.isdigit() for character in value)
    return entropy >= _ENTROPY and digits >= len(value) / 10
