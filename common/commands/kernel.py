"""Commands about kernels: kernel build, push, status, log, output, abort."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from common.commands.connection import Transfer, ask, connect, notify
from common.commands.options import Commands, command, report, seconds, with_json, with_profile

if TYPE_CHECKING:
    from common.kaggle.build import Built
    from common.kaggle.official import Client
    from common.kaggle.pushes import Pushed, Pushes
    from common.kaggle.results import LogLine, Ref

GROUP = "kaggle"


def register(commands: Commands) -> None:
    """Add `kit kernel` and its commands."""
    group = command(
        commands, "kernel", lambda arguments: group.error("a command is missing"),
        "build, push, follow, fetch and stop kernels", "kit kernel push patent_train --watch",
    )  # fmt: skip
    kernels = group.add_subparsers(dest="kernel_command", metavar="COMMAND", required=True)
    parsers = {}
    for name, run, summary, options in (
        ("build", build, "write the folder that kaggle kernels push -p takes", " --owner me"),
        ("push", push, "build, check everything that can be checked, and push", " --watch"),
        ("status", status, "the state of the pushed version's session", ""),
        ("log", log, "the log of the pushed version", ""),
        ("output", output, "fetch what the pushed version left, and check it", ""),
        ("abort", abort, "stop a session, by deleting the kernel: Kaggle has no other way", ""),
    ):
        parser = command(kernels, name, run, summary, f"kit kernel {name} patent_train{options}")
        parser.add_argument("name", metavar="NAME", help="a folder below kernels/, such as patent_train")
        with_json(parser)
        parsers[name] = parser
    for name in ("build", "push"):
        _with_build(parsers[name])
    parser = parsers["push"]
    parser.add_argument("--timeout", type=seconds, metavar="9h", help="limit of the session: 90s, 30m, 9h")
    parser.add_argument(
        "--wait", type=seconds, default=0.0, metavar="2h", help="how long to wait for a free GPU session"
    )
    parser.add_argument(
        "--watch", action="store_true", help="follow the log to the end, then fetch and check the output"
    )
    parsers["log"].add_argument("--follow", action="store_true", help="go on until the session ends")
    parsers["output"].add_argument("--out", type=Path, metavar="DIR", help="default: build/kernels/NAME/fetched")
    parsers["abort"].add_argument("--yes", action="store_true", help="do not ask for confirmation")


def build(arguments: argparse.Namespace) -> None:
    """Build a kernel's folder."""
    from common.kaggle import credentials
    from common.kaggle.build import check_names

    check_names(arguments.name, arguments.profile, arguments.set)
    # Only Kaggle knows the user name of a token.
    built = _build(arguments, arguments.owner or credentials.find().username or connect().whoami())
    document = {"folder": str(built.folder), "hash": built.hash, "bytes": built.bytes, "metadata": built.metadata}
    lines = f"{built.folder}: {built.ref}, {built.bytes:,} bytes, {len(built.files)} files inside\nbundle {built.hash}"
    report(arguments, document | {"files": list(built.files)}, lambda: lines)


def push(arguments: argparse.Namespace) -> int:
    """Push a kernel and, with --watch, follow it to its end."""
    from common.kaggle import kernels

    client, pushes = _connect(arguments)
    built = _build(arguments, arguments.owner or client.whoami())
    timeout = arguments.timeout and int(arguments.timeout)
    pushed = kernels.push(client, built, pushes, timeout=timeout, patience=arguments.wait, notify=notify)
    notify(f"pushed {pushed.ref}, bundle {pushed.bundle[:12]}\n{pushed.url}")
    if not arguments.watch:
        report(arguments, _document(pushed), lambda: f"to follow it: kit kernel log {built.name} --follow")
        return 0
    ended = kernels.watch(client, pushed, pushes, on_log=lambda line: _print(line, sys.stderr), notify=notify)
    fetched = kernels.output(
        client, pushed, _folder(built.name) / "fetched", progress=Transfer("output"), notify=notify
    )
    document = _document(pushed) | {"state": ended.state.name, "failure": ended.failure, "output": str(fetched.folder)}
    lines = [
        f"{pushed.ref} ended: {ended.state.value} {ended.failure}".rstrip(),
        *_files(fetched.folder, fetched.files),
    ]
    document |= {"files": list(fetched.files), "verified": fetched.verified}
    report(arguments, document, lambda: "\n".join(lines))
    return 0 if ended.state.name == "COMPLETE" else 1


def status(arguments: argparse.Namespace) -> int:
    """Print the state of a session; exit code 1 if it has failed."""
    client, pushes = _connect(arguments)
    pushed = _pushed(arguments, client, pushes)
    now = client.kernels.status(pushed.ref)
    pushes.settle(pushed.ref, now.state)
    document = _document(pushed) | {"state": now.state.name, "failure": now.failure}
    report(arguments, document, lambda: f"{pushed.ref}: {now.state.value} {now.failure}".rstrip())
    return 1 if now.state.final and now.state.name != "COMPLETE" else 0


def log(arguments: argparse.Namespace) -> None:
    """Print a session's log."""
    client, pushes = _connect(arguments)
    pushed = _pushed(arguments, client, pushes)
    if arguments.json:
        report(arguments, [asdict(line) for line in client.kernels.log(pushed.ref)], str)
        return
    for line in client.kernels.follow(pushed.ref) if arguments.follow else client.kernels.log(pushed.ref):
        _print(line, sys.stdout)


def output(arguments: argparse.Namespace) -> None:
    """Fetch a version's output."""
    from common.kaggle import kernels

    client, pushes = _connect(arguments)
    pushed = _pushed(arguments, client, pushes)
    folder = arguments.out or _folder(arguments.name) / "fetched"
    fetched = kernels.output(client, pushed, folder, progress=Transfer("output"), notify=notify)
    files = list(fetched.files)
    document = _document(pushed) | {"folder": str(fetched.folder), "files": files, "verified": fetched.verified}
    report(arguments, document, lambda: "\n".join(_files(fetched.folder, fetched.files)))


def abort(arguments: argparse.Namespace) -> None:
    """Delete a kernel, after asking."""
    from common.kaggle import kernels

    client, pushes = _connect(arguments)
    ref = _ref(arguments.name, client)
    kernels.abort(client, ref, pushes, confirm=lambda question: arguments.yes or ask(question))
    report(arguments, {"deleted": ref.name}, lambda: f"{ref.name} is deleted")


def _with_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--owner", metavar="USER", help="user name on Kaggle (default: the credential's)")
    parser.add_argument("--script", action="store_true", help="make a script rather than a notebook")
    with_profile(parser)
    parser.add_argument("--cpu", action="store_true", help="run without an accelerator")
    parser.add_argument(
        "--dataset", action="append", default=[], metavar="OWNER/SLUG/N",
        help="attach a dataset, for example of wheels; repeatable",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: build/kernels/NAME/built")


def _build(arguments: argparse.Namespace, owner: str) -> Built:
    from common.kaggle.build import build as built

    return built(
        arguments.name, owner, arguments.out or _folder(arguments.name) / "built", script=arguments.script,
        profile=arguments.profile, settings=arguments.set, cpu=arguments.cpu, datasets=arguments.dataset,
    )  # fmt: skip


def _connect(arguments: argparse.Namespace) -> tuple[Client, Pushes]:
    """Return the connection and what was pushed from here; a wrong name is reported before anybody signs in."""
    from common.kaggle.build import check_names
    from common.kaggle.pushes import Pushes

    check_names(arguments.name, *((arguments.profile, arguments.set) if "profile" in arguments else ()))
    return connect(), Pushes(_folder("pushes.json"))


def _pushed(arguments: argparse.Namespace, client: Client, pushes: Pushes) -> Pushed:
    from common.kaggle import kernels

    return kernels.find(client, _ref(arguments.name, client), pushes)


def _ref(name: str, client: Client) -> Ref:
    from common.environment import PROJECT
    from common.kaggle import metadata
    from common.session.kernel import METADATA

    return metadata.ref(metadata.read(PROJECT / "kernels" / name / METADATA), client.whoami())


def _folder(name: str) -> Path:
    from common import environment

    return environment.detect().working / "build" / "kernels" / name


def _document(pushed: Pushed) -> dict[str, Any]:
    return {"ref": pushed.ref.name, "version": pushed.ref.version, "url": pushed.url, "bundle": pushed.bundle}


def _files(folder: Path, names: tuple[str, ...]) -> list[str]:
    return [f"{(folder / name).stat().st_size:>14,} bytes  {folder / name}" for name in names]


def _print(line: LogLine, stream: TextIO) -> None:
    print(line.text, end="" if line.text.endswith("\n") else "\n", file=stream, flush=True)
