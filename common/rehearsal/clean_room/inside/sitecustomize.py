"""Confine Python code where the sandbox has gaps: Python imports this before anything of a kernel.

KIT_SANDBOX_HIDES names a folder from which nothing is imported, apart from the environment that lies in it;
KIT_SANDBOX_OFFLINE says that only this machine can be reached.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Any

HIDDEN, OFFLINE = os.environ.get("KIT_SANDBOX_HIDES"), os.environ.get("KIT_SANDBOX_OFFLINE")
ALLOWED = (sys.prefix, sys.base_prefix, Path(__file__).resolve().parents[3])  # the environment and the sandbox itself
LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "", None)  # noqa: S104  compared with, not bound to

if HIDDEN:
    sys.path[:] = [
        entry
        for entry in sys.path
        if not Path(entry).is_relative_to(HIDDEN) or any(Path(entry).is_relative_to(folder) for folder in ALLOWED)
    ]

if OFFLINE:
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_here(self: socket.socket, address: Any) -> None:
        """Connect to this machine only."""
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL:
            raise OSError(errno.ENETUNREACH, "Network is unreachable: internet is off in this session")
        connect(self, address)

    def look_up_here(host: Any, *arguments: Any, **named: Any) -> Any:
        """Look up names of this machine only."""
        if (host.decode() if isinstance(host, bytes) else host) not in LOCAL:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution: internet is off")
        return look_up(host, *arguments, **named)

    socket.socket.connect = connect_here  # type: ignore[assignment, method-assign]
    socket.getaddrinfo = look_up_here
