"""A competition's folder and its kernel, written whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import keyword
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from common.competition import Column, Competition, Folder, Table
from common.discovery.codegen import WIDTH, Code, call_source, columns_source, defaults, filled, quoted, source
from common.discovery.discover import Discovery
from common.errors import KitError, SettingError
from common.files import atomic_folder

_UNKNOWN = ("profiles",)  # fields that the application gives


def check_name(name: str, *roots: Path) -> None:
    """Check that a competition can be called so, and that nothing is called so yet.

    Raises:
        SettingError: with a name that would do, or what is in the way.
    """
    proposal = re.sub(r"\W+|^(?=\d)", "_", name.strip().lower()).strip("_") or "mine"
    proposal = f"c{proposal}" if not proposal.isidentifier() else proposal
    if keyword.iskeyword(proposal) or proposal in sys.stdlib_module_names:
        proposal += "_competition"
    if name != proposal and (not name.isidentifier() or keyword.iskeyword(name) or name in sys.stdlib_module_names):
        why = "is a name of Python's own" if name.isidentifier() else "is no Python name (letters, digits and _)"
        raise SettingError(f"{name!r} {why}; call it {proposal}")
    for root in roots:
        if (root / name).exists():
            raise SettingError(f"{root / name} is there already; choose another name, or remove it")


def write(found: Discovery, competitions: Path, kernels: Path) -> list[Path]:
    """Write a competition's folder and its kernel's, and return both.

    Raises:
        SettingError: if one of them is there already.
    """
    name = found.competition.name
    check_name(name, competitions, kernels)
    folder, kernel = competitions / name, kernels / name
    with atomic_folder(folder) as scratch:
        for file, text in sources(found).items():
            (scratch / file).write_text(text, encoding="utf-8")
    try:
        with atomic_folder(kernel) as scratch:
            for file, text in kernel_sources(found).items():
                (scratch / file).write_text(text, encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return [folder, kernel]


def sources(found: Discovery) -> dict[str, str]:
    """Return the files of a competition's folder.

    Raises:
        KitError: if what was written is no description, which is a mistake of the kit's.
    """
    description = _description(found)
    try:
        compile(description, "competition.py", "exec")
    except SyntaxError as error:
        raise KitError(f"the description of {found.competition.name} cannot be written: {error}") from None
    return {
        "__init__.py": f'"""{_plain(found.competition.title)}."""\n',
        "competition.py": description,
        "model.py": _model(found),
        "README.md": _readme(found),
    }


def _plain(text: str) -> str:
    return text.replace("\\", " ").replace('"""', "'''").rstrip('"').strip()


# competition.py -------------------------------------------------------------------------------------------------------


_PROFILES = {
    "tabular": ("from common.tabular.settings import profiles", "profiles()"),
    "text": ("from common.text.settings import profiles", "profiles({target}{predicts})"),
    "vision": ("from common.vision.settings import profiles", "profiles({target})"),
    "masks": ("from common.vision.segmentation.settings import usual", "usual()"),
    "restoring": ("from common.vision.restoring import profiles", "profiles()"),
    "nothing": ("from common.nothing import profiles", "profiles()"),
}


def _description(found: Discovery) -> str:
    competition = found.competition
    imported, call = _PROFILES[found.application]
    shared = _shared(competition)
    names: dict[Any, str] = {shared: "_FEATURES"} if shared else {}
    ids = {column for source in (competition.files.train, competition.files.test) for column in source.columns}
    same_id = [
        column for column in ids if column.kind == "id" and column in competition.files.sample_submission.columns
    ]
    if same_id:
        names[same_id[0]] = "_ID"
    fields = {field.name: getattr(competition, field.name) for field in dataclasses.fields(competition)}
    several = f"({', '.join(map(quoted, competition.targets))})"
    target = quoted(competition.target) if isinstance(competition.target, str) else several
    predicts = f", predicts={quoted(competition.predicts)}" if competition.predicts in ("labels", "span") else ""
    fields["profiles"] = Code(call.format(target=target, predicts=predicts))
    if shared and competition.inputs == tuple(column.name for column in shared):
        fields["inputs"] = Code("tuple(column.name for column in _FEATURES)")
    changed = {
        key: value for key, value in fields.items()
        if isinstance(value, Code) or value != defaults(Competition).get(key, dataclasses.MISSING)
    }  # fmt: skip
    body = [f"_ID = {source(same_id[0], {})}"] if same_id else []
    if shared:
        body.append(f"_FEATURES = {columns_source(shared, {}, 0)}")
    body.append(f"\nCOMPETITION = {call_source('Competition', changed, names, 0)}")
    text = "\n".join(body)
    types = (
        *("Cell", "Column", "Competition", "Files", "Folder", "Join", "Limits", "Melt", "Split", "SubmissionFormat"),
        "Table",
    )
    used = [each for each in types if re.search(rf"\b{each}\(", text)] + ["columns"] * ("columns(" in text)
    line = f"from common.competition import {', '.join(used)}"
    if len(line) > WIDTH:
        line = filled("from common.competition import (", used, ")", 0)
    return (
        '"""The competition\'s description, as `kit new` found it; README.md has the evidence."""\n\n'
        f"from __future__ import annotations\n\n{line}\n{imported}\n\n{text}\n"
    )


def _shared(competition: Competition) -> tuple[Column, ...]:
    """Return the columns that training and test rows have alike, in one run."""
    train, test = competition.files.train, competition.files.test
    if isinstance(train, Folder) or isinstance(test, Folder):
        return ()
    return tuple(column for column in train.columns if column in test.columns and column.kind != "id")


# model.py, README.md ---------------------------------------------------------------------------------------------------


def _model(found: Discovery) -> str:
    name = found.competition.name
    left_out = f", leave_out={source(found.left_out, {})}" if found.left_out else ""
    options = f", options={quoted(found.options)}" if found.options is not None else ""
    what = {
        "tabular": (
            "from common.tabular import TabularModels, TabularTask",
            f"TabularModels(TabularTask.of(COMPETITION{left_out}))",
        ),
        "text": (
            "from common.text import TextModels, TextTask",
            f"TextModels(TextTask.of(COMPETITION, texts={source(found.texts, {})}{options}))",
        ),
        "vision": (
            "from common.vision import Task, VisionModels",
            'VisionModels(Task.of(COMPETITION, picture="{path}"{kinds}{channels}))',
        ),
        "masks": (
            "from common.vision.segmentation import MaskModels, MaskTask",
            "MaskModels(MaskTask.of(COMPETITION{kinds}))",
        ),
        "restoring": (
            "from common.vision.restoring import RestoringModels, RestoringTask",
            "RestoringModels(RestoringTask.of(COMPETITION))",
        ),
        "nothing": ("from common.nothing import NothingModels", "NothingModels(COMPETITION)"),
    }[found.application]
    call = what[1].replace("{path}", _path(found.competition))
    call = call.replace("{channels}", f", channels={source(found.channels, {})}" if found.channels else "")
    call = call.replace("{kinds}", f", kinds={quoted(found.kinds)}" if found.kinds else "")
    if found.pixels:  # rows of small pictures look alike, and are different ones all the same
        call = call.replace('")', f'", pixels={quoted(found.pixels)}, alike=False)', 1)
    return (
        f'"""The models: those of `{what[0].split()[1]}`."""\n\nfrom __future__ import annotations\n\n'
        f"{what[0]}\nfrom competitions.{name}.competition import COMPETITION\n\nMODELS = {call}\n"
    )


def _path(competition: Competition) -> str:
    train = competition.files.train
    folder = train.files if isinstance(train, Table) else train
    return (folder.path if folder else None) or "picture"


def _readme(found: Discovery) -> str:
    competition = found.competition
    lines = [
        f"# {competition.title}", "",
        f"[{competition.slug}]({competition.url}). Metric: {competition.metric}. This folder was written by `kit new`, which "
        "looked at the files. What it took each thing for:", "",
        "| what | taken for | how sure | why | changed by |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for each in found.findings:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in dataclasses.astuple(each)) + " |")
    lines += [
        "",
        f"    kit train {competition.name} --profile baseline",
        "",
        "What was tried:",
        "",
        "- nothing yet",
        "",
    ]
    return "\n".join(lines)


# The kernel ------------------------------------------------------------------------------------------------------------


def kernel_sources(found: Discovery) -> dict[str, str]:
    """Return the files of the kernel's folder."""
    competition = found.competition
    title = re.sub(r"[^A-Za-z0-9 ]+", " ", competition.name.replace("_", " ")).strip().capitalize()
    if len(title) < 5:  # as Kaggle wants at least
        title += " models"
    gpu = found.application not in ("tabular", "restoring", "nothing")
    metadata = {
        "id": f"OWNER/{re.sub('[^a-z0-9]+', '-', title.lower())}", "title": title, "code_file": "kernel.py",
        "language": "python", "kernel_type": "notebook", "is_private": True,
        "enable_gpu": gpu, "enable_tpu": False, "enable_internet": competition.limits.internet,
        **({"machine_shape": "NvidiaTeslaT4"} if gpu else {}),
        "keywords": [], "dataset_sources": [], "competition_sources": [competition.slug], "kernel_sources": [],
        "model_sources": [],
    }  # fmt: skip
    template = Path(__file__).with_name("kernel.txt").read_text(encoding="utf-8")
    text = template.replace("{name}", competition.name).replace("{title}", _plain(competition.title))
    return {"kernel.py": text, "kernel-metadata.json": json.dumps(metadata, indent=1) + "\n"}
