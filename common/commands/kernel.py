"""Commands about kernels: kernel build, push, status, log, output, abort."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.commands.connection import Transfer, ask, connect, tell
from common.commands.options import Commands, command, report, seconds, with_json

if TYPE_CHECKING:
    from common.kaggle.build import Built
    from common.kaggle.client import Client
    from common.kaggle.pushes import Pushed, Pushes

GROUP = "kaggle"


def register(commands: Commands) -> None:
    """Add `kit kernel` and its commands."""
    group = command(
        commands, "kernel", lambda arguments: group.error("a command is missing"),
        "build, push, follow, fetch and stop kernels", "kit kernel push patent_train --watch",
    )  # fmt: skip
    kernels = group.add_subparsers(dest="kernel_command", metavar="COMMAND", required=True)

    parser = command(
        kernels, "build", build, "write the folder that kaggle kernels push -p takes",
        "kit kernel build patent_train --owner me",
    )  # fmt: skip
    _with_kernel(parser)
    _with_build(parser)
    with_json(parser)

    parser = command(
        kernels, "push", push, "build, check everything that can be checked, and push",
        "kit kernel push patent_train --watch",
    )  # fmt: skip
    _with_kernel(parser)
    _with_build(parser)
    parser.add_argument("--timeout", type=seconds, metavar="9h", help="limit of the session: 90s, 30m, 9h")
    parser.add_argument("--wait", type=seconds, default=0.0, metavar="2h", help="wait so long for a free GPU session")
    parser.add_argument(
        "--watch", action="store_true", help="follow the log to the end, then fetch and check the output"
    )
    with_json(parser)

    for name, run, summary in (
        ("status", status, "how the session of the pushed version stands"),
        ("log", log, "the log of the pushed version"),
    ):
        parser = command(kernels, name, run, summary, f"kit kernel {name} patent_train")
        _with_kernel(parser)
        if name == "log":
            parser.add_argument("--follow", action="store_true", help="go on until the session ends")
        with_json(parser)

    parser = command(
        kernels, "output", output, "fetch what the pushed version left, and check it", "kit kernel output patent_train"
    )
    _with_kernel(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: build/kernels/NAME/fetched")
    with_json(parser)

    parser = command(
        kernels, "abort", abort, "stop a session, by deleting the kernel: Kaggle has no other way",
        "kit kernel abort patent_train",
    )  # fmt: skip
    _with_kernel(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    with_json(parser)


def build(arguments: argparse.Namespace) -> None:
    """Build a kernel's folder."""
    made = _build(arguments, arguments.owner or _user())
    document = {"folder": str(made.folder), "hash": made.hash, "bytes": made.bytes, "metadata": made.metadata}
    lines = f"{made.folder}: {made.ref}, {made.bytes:,} bytes, {len(made.files)} files inside\nbundle {made.hash}"
    report(arguments, document | {"files": list(made.files)}, lambda: lines)


def push(arguments: argparse.Namespace) -> int:
    """Push a kernel and, if wanted, stay with it to its end."""
    from common.kaggle import kernels

    client, pushes = _connect()
    made = _build(arguments, arguments.owner or client.whoami())
    pushed = kernels.push(
        client, made, pushes, timeout=arguments.timeout and int(arguments.timeout), patience=arguments.wait, tell=tell
    )
    tell(f"pushed {pushed.ref}, bundle {pushed.bundle[:12]}\n{pushed.url}")
    if not arguments.watch:
        report(arguments, _document(pushed), lambda: f"to follow it: kit kernel log {made.name} --follow")
        return 0
    ended = kernels.watch(client, pushed, pushes, on_log=_log_line, tell=tell)
    got = kernels.output(client, pushed, _folder(made.name) / "fetched", progress=Transfer("output"), tell=tell)
    document = _document(pushed) | {"state": ended.state.name, "failure": ended.failure, "output": str(got.folder)}
    lines = [f"{pushed.ref} ended: {ended.state.value} {ended.failure}".rstrip(), *_files(got.folder, got.files)]
    report(arguments, document | {"files": list(got.files), "verified": got.verified}, lambda: "\n".join(lines))
    return 0 if ended.state.name == "COMPLETE" else 1


def status(arguments: argparse.Namespace) -> int:
    """Print how a session stands; exit code 1 if it has failed."""
    client, pushes = _connect()
    pushed = _pushed(arguments, client, pushes)
    now = client.kernels.status(pushed.ref)
    pushes.settle(pushed.ref, now.state)
    document = _document(pushed) | {"state": now.state.name, "failure": now.failure}
    report(arguments, document, lambda: f"{pushed.ref}: {now.state.value} {now.failure}".rstrip())
    return 1 if now.state.final and now.state.name != "COMPLETE" else 0


def log(arguments: argparse.Namespace) -> None:
    """Print a session's log."""
    client, pushes = _connect()
    pushed = _pushed(arguments, client, pushes)
    if arguments.json:
        report(arguments, [asdict(line) for line in client.kernels.log(pushed.ref)], str)
        return
    for line in client.kernels.follow(pushed.ref) if arguments.follow else client.kernels.log(pushed.ref):
        print(line.text, end="" if line.text.endswith("\n") else "\n", flush=True)


def output(arguments: argparse.Namespace) -> None:
    """Fetch a version's output."""
    from common.kaggle import kernels

    client, pushes = _connect()
    pushed = _pushed(arguments, client, pushes)
    folder = arguments.out or _folder(arguments.name) / "fetched"
    got = kernels.output(client, pushed, folder, progress=Transfer("output"), tell=tell)
    document = _document(pushed) | {"folder": str(got.folder), "files": list(got.files), "verified": got.verified}
    report(arguments, document, lambda: "\n".join(_files(got.folder, got.files)))


def abort(arguments: argparse.Namespace) -> None:
    """Delete a kernel, after asking."""
    from common.kaggle import kernels

    client, pushes = _connect()
    ref = _ref(arguments.name, client.whoami())
    kernels.abort(client, ref, pushes, confirm=lambda question: arguments.yes or ask(question))
    report(arguments, {"deleted": ref.name}, lambda: f"{ref.name} is deleted")


def _with_kernel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a folder below kernels/, such as patent_train")


def _with_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--owner", metavar="USER", help="user name on Kaggle (default: the credential's)")
    parser.add_argument("--script", action="store_true", help="make a script rather than a notebook")
    parser.add_argument("--profile", default="best", metavar="P", help="with which it trains (default: best)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting; repeatable"
    )
    parser.add_argument("--cpu", action="store_true", help="ask for no accelerator")
    parser.add_argument(
        "--dataset",
        action="append",
        default=[],
        metavar="OWNER/SLUG/N",
        help="attach a dataset, as of wheels; repeatable",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: build/kernels/NAME/built")


def _build(arguments: argparse.Namespace, owner: str) -> Built:
    from common.kaggle.build import build as built

    return built(
        arguments.name, owner, arguments.out or _folder(arguments.name) / "built", script=arguments.script,
        profile=arguments.profile, settings=arguments.set, cpu=arguments.cpu, datasets=arguments.dataset,
    )  # fmt: skip


def _user() -> str:
    """Return the user name of the credential; only Kaggle knows a token's."""
    from common.kaggle import credentials

    return credentials.find().username or _connect()[0].whoami()


def _connect() -> tuple[Client, Pushes]:
    from common.kaggle.pushes import Pushes

    return connect(), Pushes(_folder("pushes.json"))


def _pushed(arguments: argparse.Namespace, client: Client, pushes: Pushes) -> Pushed:
    from common.kaggle import kernels

    return kernels.find(client, _ref(arguments.name, client.whoami()), pushes)


def _ref(name: str, owner: str) -> Any:
    from common.environment import PROJECT
    from common.errors import UnknownName
    from common.kaggle import metadata
    from common.kaggle.build import names
    from common.session.kernel import METADATA

    if name not in (known := names()):
        raise UnknownName("kernel", name, known)
    return metadata.ref(metadata.read(PROJECT / "kernels" / name / METADATA), owner)


def _folder(name: str) -> Path:
    from common import environment

    return environment.detect().working / "build" / "kernels" / name


def _document(pushed: Pushed) -> dict[str, Any]:
    return {"ref": pushed.ref.name, "version": pushed.ref.version, "url": pushed.url, "bundle": pushed.bundle}


def _files(folder: Path, names: tuple[str, ...]) -> list[str]:
    return [f"{(folder / name).stat().st_size:>14,} bytes  {folder / name}" for name in names]


def _log_line(line: Any) -> None:
    print(line.text, end="" if line.text.endswith("\n") else "\n", file=sys.stderr, flush=True)
