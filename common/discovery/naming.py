"""Files whose names do not hold a row's id as it is: ids made of a folder's name and of what a file's name begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from common.discovery.files import Container, Found
from common.discovery.findings import Notes
from common.discovery.roles import Roles

_ENOUGH = 0.9  # of the ids, or of the files, that fit each other
_SOME, _FILES = 500, 2_000  # ids, and files, that are looked at first
_FEW = 0.02  # of these files that have an id; in a table of which only the first rows were read most have none
_FOLDERS, _PIECES = 4, 5  # above a file, and of its name, that are tried at most
_COLUMNS = 6  # of a table, among which the ids stand


def named(found: Found, roles: Roles, notes: Notes) -> Found:
    """Return what was found, where containers whose files no id names as they are have a rule that makes the ids."""
    sides = [each for each in (roles.train, roles.sample, roles.test) if each is not None]
    columns = [side[name] for side in sides for name in side.columns[:_COLUMNS]]
    named_so = (dict.fromkeys(value for value in values.unique() if "_" in value) for values in columns)
    ids = [each for each in named_so if len(each) > 1]
    containers = []
    for each in found.containers:
        rule = _rule(each, ids) if ids and each.pictures else None
        containers.append(replace(each, called=rule) if rule is not None else each)
        if rule is not None:
            example = each.files[0]
            what = f"{example} is {containers[-1].id_of(example)!r}"
            notes.add("names of files", f"{each.name}/", "likely", f"ids are made of them: {what}", "competition.py")
    return replace(found, containers=tuple(containers))


def _rule(container: Container, ids: Sequence[dict[str, None]]) -> tuple[str, str] | None:
    """Return a pattern of a path without its ending and what the id is of it, if that gives the ids, each to one file."""
    shown = [[*islice(each, _SOME)] for each in ids]
    if any(container.share(some) >= _ENOUGH for some in shown):
        return None
    files = container.files[:: max(1, len(container.files) // _FILES)]
    for rule in _rules(container):
        made = replace(container, called=rule)
        found = {*map(made.id_of, files)}
        if not any(len(found & each.keys()) >= _FEW * len(files) for each in ids):
            continue
        if len(made.stems) == len(made.files) and any(made.share(some) >= _ENOUGH for some in shown):
            return rule
    return None


def _rules(container: Container) -> Iterator[tuple[str, str]]:
    """Yield the ways to make an id of a path such as case2/case2_day1/scans/slice_1_266_266.png."""
    folders, _, name = container.files[0].rpartition("/")
    above = folders.count("/") + 1 if folders else 0
    for level in range(min(above, _FOLDERS) + 1):
        before = rf"(?:.*/)?([^/]+)/(?:[^/]+/){{{level - 1}}}" if level else "(?:.*/)?"
        for pieces in range(1, min(name.count("_") + 1, _PIECES) + 1):
            start = rf"([^_/]+(?:_[^_/]+){{{pieces - 1}}})(?:_[^/]*)?"
            yield f"{before}{start}", r"\1_\2" if level else r"\1"
