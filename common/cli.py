"""The `kit` command: parses, calls, and turns a user's mistake into one line.

Commands are found: every module of `common/commands` that has `register` adds its own, to the group that its `GROUP`
names. What a command needs beyond the standard library is imported when it runs, so that `kit --help` answers at once.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from common import __version__, commands
from common.errors import KitError, UnknownName
from common.wording import visible

GROUPS = {"models": "Models", "kaggle": "Kaggle", "look": "Look"}
"""The groups of commands in `kit --help`, with their titles."""


class Parser(argparse.ArgumentParser):
    """A parser whose usage errors say what to do, and whose help shows commands in groups."""

    groups: dict[str, dict[str, argparse.ArgumentParser]]

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with 2."""
        print(f"{self.prog}: {message}. See: {self.prog} --help", file=sys.stderr)
        sys.exit(2)


class _TopParser(Parser):
    def format_help(self) -> str:
        """Return the help of `kit` itself."""
        lines = [f"usage: {self.prog} COMMAND …", "", str(self.description)]
        for group, title in GROUPS.items():
            lines += ["", f"{title}:"]
            lines += [f"  {name:<12} {parser.description}".rstrip(".") for name, parser in self.groups[group].items()]
        lines += [
            "",
            f"{self.prog} COMMAND --help shows a command's options, with an example; {self.prog} --version the version.",
        ]
        return "\n".join(lines) + "\n"


def parser() -> Parser:
    """Return the parser of all commands."""
    top = _TopParser(prog="kit", description="One code path from laptop to Kaggle's hidden rerun.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"kit {__version__}")
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    top.groups = {group: {} for group in GROUPS}
    for found in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{found.name}")
        if hasattr(module, "register"):
            known = set(subparsers.choices)
            module.register(subparsers)
            top.groups[module.GROUP] |= {name: each for name, each in subparsers.choices.items() if name not in known}
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for what the user can fix, 2 for wrong usage."""
    for name in ("stdout", "stderr"):
        _make_tolerant(name)
    words = list(sys.argv[1:] if argv is None else argv)
    top = parser()
    if not words:
        print(top.format_help(), end="", file=sys.stderr)
        return 2
    try:
        known = {name for group in top.groups.values() for name in group}
        if words and not words[0].startswith("-") and words[0] not in known:
            raise UnknownName("command", words[0], sorted(known))
        arguments = top.parse_args(words)
    except UnknownName as error:
        print(f"kit: {visible(error)}", file=sys.stderr)
        return 2
    try:
        code = int(arguments.run(arguments) or 0)
        sys.stdout.flush()
        return code
    except KitError as error:
        print(f"kit: {visible(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("kit: interrupted; no file is half-written", file=sys.stderr)
    except BrokenPipeError:
        _drop_output()  # whoever read it has had enough of it
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _drop_output()
            print(f"kit: disk full ({error.filename or 'while writing'}); free space and run it again", file=sys.stderr)
        elif isinstance(error, PermissionError):
            print(f"kit: no permission for {error.filename}; choose a place that you may write to", file=sys.stderr)
        else:
            raise
    return 1


def _make_tolerant(name: str) -> None:
    """Make a standard stream replace what its encoding lacks; one that is closed takes everything and keeps nothing."""
    stream = getattr(sys, name)
    if stream is None:
        setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open to the end
    elif isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


def _drop_output() -> None:
    """Send what is still to be printed nowhere, so that the interpreter does not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
