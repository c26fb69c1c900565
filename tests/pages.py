"""The pages of the repository: what they show, and a reader who follows one from top to bottom."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit import kit

from common.rehearsal.stand_in.running import KernelRun, RunResult
from common.rehearsal.stand_in.server import StandIn

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "*/README.md", "competitions/*/README.md")
    for path in ROOT.glob(pattern)
)
CLONE = "~/kaggle-kit"  # where the pages' reader has cloned the repository
STAND_IN = "http://localhost:7777"
DOTS = "…"


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def fenced(page: str, language: str) -> list[str]:
    """Return a page's blocks in a language, or without one."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text_of(page), flags=re.M | re.S)
    return [text for name, text in blocks if name == language]


def shown(page: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every command of a page's console blocks, with the lines that it is shown to print."""
    for block in fenced(page, "console"):
        assert block.startswith("$ "), block
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *output = part.splitlines()
            yield command, [line for line in output if line.strip()]


def modules(page: str) -> dict[str, str]:
    """Return the Python files that a page asks its reader to write, by their paths."""
    return dict(re.findall(r"`(competitions/\w+/\w+\.py)`.*?```python\n(.*?)```", text_of(page), flags=re.S))


def alike(line: str) -> str:
    """Return a line without what differs between machines and days: digits, hashes, the width of columns."""
    line = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", "HASH", line)
    line = re.sub(r"-?\d+(?:[.,:]\d+)*", "0", line)
    return " ".join(line.split())


@dataclass
class Reader:
    """Someone who pastes a page's lines into a terminal, one after another."""

    home: Path
    server: StandIn
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def follow(self, page: str) -> None:
        """Run every command; it has to work, and to print the lines shown, in their order."""
        for command, output in shown(page):
            if command.startswith(("make ", "kit stand-in")):
                continue
            printed = self._run(command)
            lines = (alike(line) for line in printed.replace(str(self.home), CLONE).splitlines())
            for line in output:
                beginning, cut = alike(line.removesuffix(DOTS)), line.endswith(DOTS)
                found = line == DOTS or any(have == beginning or (cut and have.startswith(beginning)) for have in lines)
                assert found, f"{page}: {command} did not print, or not there: {line}\n{printed}"

    def _run(self, command: str) -> str:
        words = shlex.split(command)
        if words[0] == "export":
            for word in words[1:]:
                name, _, value = word.partition("=")
                self.monkeypatch.setenv(name, self.server.url if value == STAND_IN else value)
            return ""
        if words[0] == "kit":
            words = [self._of_today(word) for word in words]
            said = kit(self.capsys, *words[1:])
            assert said.code == (1 if "broken" in command else 0), f"{command}\n{said.out}{said.err}"
            return said.err + said.out
        environ = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
        done = subprocess.run(["bash", "-c", command], env=environ, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def _of_today(self, word: str) -> str:
        """Return a run's folder as it is called here: its hash changes with every setting."""
        run = re.fullmatch(r"(submissions/\w+/\w+)-[0-9a-f]{8}", word)
        if run is None:
            return word
        return str(min(self.home.glob(f"{run[1]}-*")).relative_to(self.home))


def play(run: KernelRun, folder: Path) -> RunResult:
    """Leave what a kernel of the kit leaves, a guess and its manifest, without running it."""
    data = next(item.folder for item in run.inputs if item.kind == "competition")
    header, *rows = (data / "sample_submission.csv").read_text(encoding="utf-8").splitlines()
    guesses = [f"{row.split(',')[0]},{number * 7 % 5 / 5 * 0.9 + 0.05}" for number, row in enumerate(rows)]
    output = folder / "working"
    output.mkdir()
    content = "\n".join([header, *guesses, ""]).encode()
    (output / "submission.csv").write_bytes(content)
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    bundle = re.search(r'HASH = \\?"(\w+)', run.source)
    manifest = {"bundle": bundle[1] if bundle else "", "files": {"submission.csv": entry}}
    (output / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return RunResult(status="COMPLETE", output=output)
