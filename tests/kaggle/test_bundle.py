"""A built kernel: complete, the same everywhere, refused where Kaggle would refuse or misread it (P3, P4, P12)."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from common.environment import PROJECT
from common.errors import KernelError, KitError, SecretFound, UnknownName
from common.kaggle.build import MAX_BYTES, Built, build, names
from common.kaggle.bundle import Bundle
from common.kaggle.notebook import Cell, cells
from common.session.kernel import BUNDLE, METADATA
from common.sources import imported, sources

KERNELS = names()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with one kernel and two modules, to be changed at will."""
    for path in ("kernels/patent_train", "common/splits"):
        shutil.copytree(PROJECT / path, tmp_path / "project" / path, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "project"


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """Every kernel of the repository as a notebook."""
    return {name: build(name, "someone", tmp_path_factory.mktemp(name) / "out") for name in KERNELS}


def change(project: Path, **fields: Any) -> None:
    path = project / "kernels" / "patent_train" / METADATA
    changed = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps({name: value for name, value in changed.items() if value is not ...}))


def story(project: Path, *lines: str) -> None:
    (project / "kernels" / "patent_train" / "kernel.py").write_text("\n".join(["# %%", *lines, ""]))


def built(project: Path, **options: Any) -> Built:
    return build("patent_train", "someone", project.parent / "out", project=project, **options)


def text(made: Built) -> str:
    return (made.folder / made.metadata["code_file"]).read_text(encoding="utf-8")


def unpack(made: Built, folder: Path) -> Path:
    """Run the first two cells of code, in a process that knows nothing of the repository; returns where the sources are."""
    code = [cell["source"] for cell in json.loads(text(made))["cells"] if cell["cell_type"] == "code"]
    program, environ = "\n".join([*code[:2], "print(folder)"]), {"TMPDIR": str(folder)}
    command = [sys.executable, "-I", "-S", "-"]
    done = subprocess.run(command, input=program, cwd=folder, capture_output=True, text=True, check=True, env=environ)
    return Path(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("script", [False, True])
def test_every_kernel_of_the_repository_can_be_built(
    tmp_path: Path, notebooks: dict[str, Built], name: str, script: bool
) -> None:
    made = build(name, "someone", tmp_path / "out", script=True) if script else notebooks[name]
    assert sorted(path.name for path in made.folder.iterdir()) == sorted([METADATA, made.metadata["code_file"]])
    assert made.bytes == len(text(made).encode()) < MAX_BYTES / 2
    assert made.ref.name == json.loads((made.folder / METADATA).read_text())["id"]
    assert "OWNER" not in (made.folder / METADATA).read_text()
    assert f"kernels/{name}/kernel.py" in made.files
    assert not [path for path in made.files if path.startswith(("common/kaggle", "common/commands", "tests"))]


@pytest.mark.slow
def test_the_same_sources_give_the_same_bytes_anywhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "other" / "place"
    for folder in ("common", "competitions", "kernels"):
        shutil.copytree(PROJECT / folder, elsewhere / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in elsewhere.rglob("*.py"):  # a checkout of another system, made at another time
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        os.utime(path, (0, 0))
    code = "import sys; from pathlib import Path; from common.kaggle.build import build; " \
        "print(build('patent_train', 'someone', Path(sys.argv[1]), project=Path(sys.argv[2])).hash)"  # fmt: skip
    hashes, contents = [], []
    for number, (root, zone, locale, seed) in enumerate(
        [(PROJECT, "Asia/Tokyo", "C", "1"), (elsewhere, "America/Caracas", "C.UTF-8", "2")]
    ):
        out = tmp_path / f"out-{number}"
        environ = {**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code, str(out), str(root)]
        hashes.append(subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout)
        contents.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert hashes[0] == hashes[1]
    assert contents[0] == contents[1]


def test_the_hash_tells_code_settings_and_machine_apart(project: Path) -> None:
    first = built(project).hash
    assert built(project).hash == first
    others = [built(project, profile="course").hash, built(project, settings=["epochs=3"]).hash]
    others += [built(project, cpu=True).hash, built(project, datasets=["someone/wheels/2"]).hash]
    module = project / "common" / "splits" / "folds.py"
    module.write_text(module.read_text() + "# changed\n")
    others.append(built(project).hash)
    assert len({first, *others}) == 6


@pytest.mark.slow
def test_the_first_code_unpacks_the_sources_to_files(tmp_path: Path) -> None:
    made = build("patent_infer", "someone", tmp_path / "out", profile="sample", settings=["epochs=1"])
    folder = unpack(made, tmp_path)
    unpacked = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert unpacked == set(made.files)
    assert (folder / "common" / "pipeline" / "inference.py").read_bytes() == (
        PROJECT / "common" / "pipeline" / "inference.py"
    ).read_bytes()
    facts = json.loads((folder / BUNDLE).read_text())
    assert facts == {"hash": made.hash, "profile": "sample", "settings": ["epochs=1"]}


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_c7_the_models_own_file_stands_readable_and_is_what_runs(
    tmp_path: Path, notebooks: dict[str, Built], name: str
) -> None:
    page = json.loads(text(notebooks[name]))["cells"]
    shown, packed = [cell for cell in page if cell["cell_type"] == "code"][:2]
    (path,) = (
        file for file in notebooks[name].files if file.endswith("/model.py") and file.startswith("competitions/")
    )
    assert (PROJECT / path).read_text(encoding="utf-8") in shown["source"]
    assert not shown["metadata"] and packed["metadata"]
    assert "{" not in packed["source"].partition("import")[0]  # its comments have no unfilled places
    changed = shown["source"].replace("from ", "from  ", 1)
    program = "\n".join([changed, packed["source"]])
    command = [sys.executable, "-I", "-S", "-"]
    done = subprocess.run(command, input=program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "damaged" in done.stderr, "it takes part in the check, so it is what runs"


@pytest.mark.slow
def test_a_file_that_cannot_be_shown_is_packed(tmp_path: Path) -> None:
    for content in ("x = '''1'''", "# \\"):
        shown, packed = Bundle({"a.py": content, BUNDLE: "{}"}, shown="a.py").cells()
        assert shown == "" and content not in packed
    shown, packed = Bundle({"a.py": 'x = r"\\d"\n', BUNDLE: "{}"}, shown="a.py").cells()
    command = [sys.executable, "-I", "-c", f"{shown}\n{packed}\nprint((folder / 'a.py').read_text())"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith('x = r"\\d"\n\n')


@pytest.mark.slow
def test_a_damaged_bundle_says_so(tmp_path: Path) -> None:
    good, other = Bundle({"a.py": "1"}), Bundle({"a.py": "2"})
    cell = good.cells()[1].replace(good.hash, other.hash)
    done = subprocess.run([sys.executable, "-I", "-c", cell], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "the sources in this cell are damaged: build the kernel anew"


def test_only_what_is_imported_travels(project: Path) -> None:
    for path in ("common/__init__.py", "common/runs/ledger.py", "common/submission/__init__.py"):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / path, project / path)
    (project / "common" / "one.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import common.runs.ledger\n"
        "def f():\n    from common import two\n    from .submission import checks as v\n"
    )
    (project / "common" / "two.py").write_text("import json, os.path\n")
    travels = set(sources([], "import common.one\n", project))
    assert {"common/__init__.py", "common/one.py", "common/two.py", "common/submission/__init__.py"} <= travels
    assert "common/runs/ledger.py" not in travels
    assert imported("from ..a import b\n", "x.py", "p.q") == ("p.a", "p.a.b")


def test_a_notebook_is_valid_and_tells_the_story(notebooks: dict[str, Built]) -> None:
    nbformat = pytest.importorskip("nbformat")
    for made in notebooks.values():
        notebook = nbformat.read(made.folder / "kernel.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        title, model, packed, *rest = notebook.cells
        assert title.source.startswith("# ") and model.source.startswith("# competitions/")
        assert packed.metadata["_kg_hide-input"] is True and packed.source.count("\n") < 25
        assert {cell.cell_type for cell in rest} == {"code", "markdown"}
        assert not any(cell.get("outputs") for cell in notebook.cells)


def test_percent_cells_become_cells() -> None:
    code = "import os\n\n# %% [markdown]\n# # Title\n#\n# text *here*\n# %%\nx = 1\n\n\n# %% a name\ny = 2\n# %%\n\n"
    assert cells(code, "k.py") == [
        Cell("code", "import os"),
        Cell("markdown", "# Title\n\ntext *here*"),
        Cell("code", "x = 1"),
        Cell("code", "y = 2"),
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1\n", "no cells"),
        ("# %%\nx = 1\n\n# %%\n\ny = 2\nx = = 1\n", "line 7"),
        ("# %% [markdown]\n# good\nnot commented out\n", "line 3.*must begin with"),
    ],
)
def test_a_story_that_is_none_is_refused(code: str, words: str) -> None:
    with pytest.raises(KernelError, match=words):
        cells(code, "k.py")


def test_what_is_on_disk_is_what_the_client_sends(notebooks: dict[str, Built]) -> None:
    """The official client parses a notebook and writes it anew; the limit is on that text."""
    made = notebooks["patent_train"]
    assert json.dumps(json.loads(text(made))) == text(made)


def test_the_limit_is_kept_to_the_byte(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = built(project).bytes
    monkeypatch.setattr("common.kaggle.build.MAX_BYTES", size)
    assert built(project).bytes == size
    monkeypatch.setattr("common.kaggle.build.MAX_BYTES", size - 1)
    with pytest.raises(KernelError, match=f"{size:,} bytes of source; Kaggle takes {size - 1:,}"):
        built(project)


def test_the_limit_counts_what_the_client_writes(project: Path) -> None:
    story(project, "x = 1  # " + "é" * 170_000)  # 340,000 bytes as a file, 1,020,000 as JSON
    with pytest.raises(KernelError, match="Kaggle takes 1,000,000"):
        built(project)
    assert built(project, script=True).bytes < MAX_BYTES


def test_a_folder_with_other_files_is_not_replaced(project: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(KernelError, match=r"holds other files \(precious.txt, project\)"):
        build("patent_train", "someone", tmp_path, project=project)
    assert (tmp_path / "precious.txt").read_text() == "mine"
    made, again = built(project), built(project, script=True)
    assert made.folder == again.folder
    assert not (again.folder / "kernel.ipynb").exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": "Patent phrases, train!!"}, None),
        ({"title": "Other words"}, "makes 'other-words'.*'patent-phrases-train'.*OWNER/other-words"),
        ({"title": "abc", "id": "OWNER/abc"}, "5 to 50 characters, got 3"),
        ({"title": "x" * 50, "id": "OWNER/" + "x" * 50}, None),
        ({"title": "x" * 51, "id": "OWNER/" + "x" * 51}, "got 51"),
        ({"title": "a b !!", "id": "OWNER/a-b"}, "5 characters or more"),
        ({"id": "stranger/patent-phrases-train"}, "belongs to stranger, not to someone"),
        ({"id": "OWNER/patent-phrases-train/3"}, "has a version"),
        ({"id": ...}, "lacks id"),
        ({"enable_internet": ...}, "lacks enable_internet"),
        ({"enable_internet": "maybe"}, "enable_internet must be true or false, got 'maybe'"),
        ({"is_private": ...}, None),
        ({"enable_gpu": "true"}, None),
        ({"machine_shape": "NvidiaTeslaP100"}, "retired; use NvidiaTeslaT4"),
        ({"machine_shape": "nvidiateslap100"}, "retired"),
        ({"machine_shape": "NvidiaTeslaT5"}, "Did you mean 'NvidiaTeslaT4'"),
        ({"machine_shape": "TpuV5E8"}, "does not fit"),
        ({"machine_shape": None}, None),
        ({"enable_tpu": True}, "one accelerator"),
        ({"enable_gpu": False}, "does not fit"),
        ({"enable_gpu": False, "machine_shape": None}, None),
        ({"accelerator": "gpu"}, "unknown field of kernel-metadata.json 'accelerator'"),
        ({"dataset_sources": "someone/wheels"}, "must be a list"),
        ({"dataset_sources": ["wheels"]}, "is not the name of a dataset"),
        ({"dataset_sources": ["datasets/someone/wheels/2"]}, None),
        ({"kernel_sources": ["https://www.kaggle.com/code/someone/other"]}, None),
        ({"model_sources": ["google/bert/pyTorch/base"]}, "is not the name of a model"),
        ({"competition_sources": []}, "must name one of"),
        ({"competition_sources": ["titanic"]}, "must name one of"),
    ],
)  # fmt: skip
def test_metadata_is_explicit_or_refused(project: Path, fields: dict[str, Any], words: str | None) -> None:
    change(project, **fields)
    if words is not None:
        with pytest.raises(KitError, match=words):
            built(project)
        return
    asked = built(project).metadata
    assert asked["is_private"] is True
    assert asked["machine_shape"] == ("NvidiaTeslaT4" if asked["enable_gpu"] else None)
    assert all(isinstance(asked[name], bool) for name in ("enable_gpu", "enable_tpu", "enable_internet"))
    assert all(
        not name.startswith(("http", "datasets/")) for name in asked["dataset_sources"] + asked["kernel_sources"]
    )


def test_unknown_names_are_reported_before_anything_is_written(tmp_path: Path) -> None:
    for options, words in (
        ({"name": "patent_trian"}, "Did you mean 'patent_train'"),
        ({"profile": "bset"}, "Did you mean 'best'"),
        ({"settings": ["epoch=3"]}, "Did you mean 'epochs'"),
        ({"datasets": ["wheels"]}, "not the name of a dataset"),
        ({"owner": "some one"}, "not a user name"),
    ):
        with pytest.raises(KitError, match=words):
            build(**{"name": "patent_train", "owner": "someone", "out": tmp_path / "out", **options})
    assert not (tmp_path / "out").exists()
    assert isinstance(UnknownName("kernel", "x", ()), KitError)


def test_a_credential_stops_the_build_and_is_not_shown(project: Path) -> None:
    secret = "KGAT_" + "0123456789abcdef" * 2
    story(project, "import os", f'os.environ["KAGGLE_API_TOKEN"] = "{secret}"')
    with pytest.raises(SecretFound, match=r"kernels/patent_train/kernel.py, line 3: a Kaggle token") as caught:
        built(project)
    assert secret not in str(caught.value)
    story(project, "import os")
    (project / "kernels" / "patent_train" / "kaggle.json").write_text("{}")
    with pytest.raises(SecretFound, match=r"kaggle\.json: a file that usually holds one"):
        built(project)


@pytest.mark.parametrize("name", KERNELS)
def test_the_story_imports_nothing_but_the_kit_and_what_kaggle_carries(name: str) -> None:
    code = (PROJECT / "kernels" / name / "kernel.py").read_text(encoding="utf-8")
    roots = {module.partition(".")[0] for module in imported(code, name, "")}
    assert roots <= {"common", "numpy", "pandas", "safetensors", *sys.stdlib_module_names}
    assert len(ast.parse(code).body) > 5
