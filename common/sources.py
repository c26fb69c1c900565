"""Which of the project's own sources a program needs, read from its imports."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from common.errors import KernelError


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
    seen, waiting = {""}, [*roots, *imported(code, "kernel.py", "")]
    while waiting:
        if (module := waiting.pop()) in seen:
            continue
        seen.add(module)
        base = project.joinpath(*module.split("."))
        path = next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)
        if path is None:
            continue  # a module of somebody else
        name = path.relative_to(project).as_posix()
        files[name] = path.read_text(encoding="utf-8")  # universal newlines: a checkout may have changed them
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        waiting += [package, module.rpartition(".")[0], *imported(files[name], name, package)]
    return files


@functools.lru_cache(maxsize=2048)  # every run and every kernel of a process asks for the same files
def imported(code: str, name: str, package: str) -> tuple[str, ...]:
    """Return the modules that code may import anywhere in it, except those that only type checkers see.

    Of `from a import b` both `a` and `a.b` are returned: only the file system knows whether b is a module.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise KernelError(f"{name}, line {error.lineno}: {error.msg}; a kernel must be Python") from None
    modules: list[str] = []
    for node in _at_run_time(tree.body):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            modules += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(modules)


def _at_run_time(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and those inside them: expressions, most of a tree, hold no imports."""
    for statement in body:
        yield statement
        types_only = isinstance(statement, ast.If) and getattr(statement.test, "id", "") == "TYPE_CHECKING"
        for field in ("orelse",) if types_only else ("body", "orelse", "finalbody"):
            yield from _at_run_time(getattr(statement, field, ()))
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _at_run_time(part.body)
