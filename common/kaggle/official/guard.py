"""HTTP sessions that always time out, and that reach nothing but this machine if `loopback` is set."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from common.errors import SettingError

TIMEOUT = (10.0, 300.0)
"""Seconds to connect, and between two pieces of an answer."""


class _Adapter(HTTPAdapter):
    """Gives every request a time limit; with `loopback` refuses hosts other than this machine, redirects included."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        super().__init__()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        if self._loopback and not is_loopback(request.url or ""):
            raise SettingError(f"refused to leave this machine: {urlsplit(request.url or '').hostname} is not loopback")
        return super().send(request, stream, timeout or TIMEOUT, verify, cert, proxies)


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def guard(session: requests.Session, *, loopback: bool) -> requests.Session:
    """Give a session time limits and, with `loopback`, keep it on this machine."""
    for prefix in ("http://", "https://"):
        session.mount(prefix, _Adapter(loopback=loopback))
    if loopback:
        session.trust_env = False  # no proxy stands between this machine and itself
    return session
