"""Run a notebook as Kaggle does: one cell after another, what they print as it comes, until one fails."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, TextIO

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Echo(NotebookClient):
    """Passes on what cells write to their streams, and their errors."""

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        """Take one message of the kernel."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            write(content["text"], sys.stderr if content["name"] == "stderr" else sys.stdout)
        elif msg["msg_type"] == "error":
            write(COLOURS.sub("", "\n".join(content["traceback"])) + "\n", sys.stderr)
        return super().output(outs, msg, display_id, cell_index)


def write(text: str, stream: TextIO) -> None:
    """Write at once: a session that is killed must not lose its last words."""
    stream.write(text)
    stream.flush()


def main(path: Path, executed: Path) -> int:
    """Run the notebook, and keep it with its outputs; return 1 if a cell failed, 137 if the kernel was killed."""
    notebook = nbformat.read(path, as_version=4)
    client = Echo(
        notebook,
        timeout=None,
        resources={"metadata": {"path": str(Path.cwd())}},
        extra_arguments=["--log-level=ERROR"],  # it warns of unencrypted sockets, which only this sandbox can reach
    )
    try:
        client.execute()
    except CellExecutionError as error:
        write(f"{error.ename}: {error.evalue}\n", sys.stderr)
        return 1
    except DeadKernelError:
        return 137
    finally:
        nbformat.write(notebook, executed)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
