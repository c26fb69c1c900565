"""The `kit` command: parses, calls, and turns a user's mistake into one line.

Every command lives in a module of `common/commands`; what it needs beyond the standard library is imported
when it runs, so that `kit --help` answers at once.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from common.commands import blend, check, explain, generate, kaggle, kernel, look, lr_find, rehearse, train
from common.errors import KitError, UnknownName

GROUPS = (look, train, blend, explain, lr_find, check, rehearse, kaggle, kernel, generate)


class Parser(argparse.ArgumentParser):
    """A parser whose usage errors say what to do."""

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with 2."""
        print(f"{self.prog}: {message}. See: {self.prog} --help", file=sys.stderr)
        sys.exit(2)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = Parser(prog="kit", description="One code path from laptop to Kaggle's hidden rerun.", allow_abbrev=False)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in GROUPS:
        group.register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for what the user can fix, 2 for wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    top = parser()
    try:
        _require_known_command(top, words)
        arguments = top.parse_args(words)
    except UnknownName as error:
        print(f"kit: {error}", file=sys.stderr)
        return 2
    try:
        code = int(arguments.run(arguments) or 0)
        sys.stdout.flush()
        return code
    except KitError as error:
        print(f"kit: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("kit: interrupted; nothing is half-written", file=sys.stderr)
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


def _drop_output() -> None:
    """Send what is still to be printed nowhere, so that the interpreter does not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _require_known_command(top: argparse.ArgumentParser, words: Sequence[str]) -> None:
    known = next(list(action.choices) for action in top._actions if isinstance(action, argparse._SubParsersAction))
    if words and not words[0].startswith("-") and words[0] not in known:
        raise UnknownName("command", words[0], known)
