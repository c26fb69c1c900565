"""Which of the project's own sources a program needs, read from its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from common.errors import KernelError


def sources(roots: Iterable[str], code: str, project: Path) -> dict[str, str]:
    """Return the sources of this project that a program needs, by path.

    Args:
        roots: names of modules that it loads in ways that cannot be read from the code.
        code: the program.
        project: the folder of the repository.

    Raises:
        KernelError: if a source is not Python.
    """
    found: dict[str, str] = {}
    waiting = [*roots, *imported(code, "kernel.py", "")]
    while waiting:
        module = waiting.pop()
        path = _path(module, project)
        if path is None or (name := path.relative_to(project).as_posix()) in found:
            continue
        found[name] = path.read_text(encoding="utf-8")  # universal newlines: a checkout may have changed them
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        waiting += [package, module.rpartition(".")[0], *imported(found[name], name, package)]
    return found


def imported(code: str, name: str, package: str) -> list[str]:
    """Return the modules that code may import anywhere in it, but for those that only type checkers see.

    Of `from a import b` both `a` and `a.b` are returned: only the file system knows whether b is a module.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise KernelError(f"{name}, line {error.lineno}: {error.msg}; a kernel has to be Python") from None
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
