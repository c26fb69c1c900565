"""The kit's sources inside a kernel: only what it needs, the same bytes everywhere, real files when it runs.

Kaggle uploads one file. So the modules that a kernel imports, directly or through others, are packed into its
first cell, which writes them to a folder again: stack traces then show files and lines.
"""

from __future__ import annotations

import ast
import base64
import bz2
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from common.errors import KernelError
from common.session.kernel import BUNDLE

_CELL = """\
# The kit's own sources, put here by `kit kernel build`. They are written to a folder, so that stack traces show
# files and lines; to read them: import common, then look below {{common.__path__}}.
import base64, bz2, hashlib, json, pathlib, sys, tempfile

HASH = "{hash}"
PACKED = "{packed}"
raw = bz2.decompress(base64.b64decode(PACKED))
if hashlib.sha256(raw).hexdigest() != HASH:
    raise SystemExit("the sources in this cell are damaged: build the kernel anew")
folder = pathlib.Path(tempfile.mkdtemp(prefix="kit-"))
files = json.loads(raw)
files["{record}"] = json.dumps({{"hash": HASH, **json.loads(files["{record}"])}})
for name, text in files.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
sys.path.insert(0, str(folder))
print(len(files), "files of the kit, bundle", HASH[:12])
"""


@dataclass(frozen=True)
class Bundle:
    """Files by their path in the repository; `bundle.json` among them holds profile and settings."""

    files: Mapping[str, str]

    @cached_property
    def raw(self) -> bytes:
        """The files as one JSON document: the same bytes for the same files."""
        return json.dumps(dict(sorted(self.files.items())), ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def hash(self) -> str:
        """SHA-256 of the files, in hexadecimal; it stands in the manifest of every output."""
        return hashlib.sha256(self.raw).hexdigest()

    def cell(self) -> str:
        """Return the code that unpacks the files and makes them importable."""
        # bzip2 has one implementation, of which every release writes the same bytes; zlib has several that differ.
        packed = base64.b64encode(bz2.compress(self.raw, 9)).decode()  # in one line, which no page makes long
        return _CELL.format(hash=self.hash, packed=packed, record=BUNDLE)


def sources(roots: Iterable[str], code: str, project: Path) -> dict[str, str]:
    """Return the sources of this project that a program needs, by path.

    Args:
        roots: names of modules that it imports in ways that the code does not show.
        code: the program.
        project: the folder of the repository.

    Raises:
        KernelError: if a source is not Python.
    """
    files: dict[str, str] = {}
    waiting = [*roots, *imported(code, "kernel.py", "")]
    while waiting:
        module = waiting.pop()
        path = _path(module, project)
        if path is None or (name := path.relative_to(project).as_posix()) in files:
            continue
        files[name] = path.read_text(encoding="utf-8")  # universal newlines: a checkout may have changed them
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        waiting += [package, module.rpartition(".")[0], *imported(files[name], name, package)]
    return files


def imported(code: str, name: str, package: str) -> list[str]:
    """Return the modules that code may import anywhere in it, except those that only type checkers see.

    Of `from a import b` both `a` and `a.b` are returned: only the file system knows whether b is a module.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise KernelError(f"{name}, line {error.lineno}: {error.msg}; a kernel must be Python") from None
    modules = []
    for node in _at_run_time(tree):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            modules += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return modules


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            for other in child.orelse:
                yield from _at_run_time(other)
        else:
            yield from _at_run_time(child)


def _path(module: str, project: Path) -> Path | None:
    """Return the file of a module of this project, None for any other module."""
    if not module:
        return None
    base = project.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)
