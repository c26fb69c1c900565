"""Where weights are looked for, and what a broken or missing backbone is told."""

import http.server
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common import environment
from common.errors import BackboneError
from common.huggingface import backbone, tiny


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder with its tokenizer, as `save_pretrained` writes it."""
    from transformers import AutoModel

    folder = tmp_path_factory.mktemp("weights")
    tokenizer = tiny.tokenizer(["one two three"])
    tokenizer.save_pretrained(folder)
    AutoModel.from_config(tiny.config(len(tokenizer))).save_pretrained(folder)
    return folder


def here(root: Path, place: str = "kaggle-batch", internet: str = "off") -> environment.Environment:
    return environment.detect({environment.OVERRIDE: f"place={place} root={root} internet={internet}"})


@pytest.mark.parametrize(
    "mount", ["deberta-v3-small", "datasets/somebody/deberta-v3-small", "deberta-v3-small/transformers/default/1"]
)
def test_an_attached_input_comes_first(weights: Path, tmp_path: Path, mount: str) -> None:
    folder = tmp_path / "kaggle" / "input" / mount
    shutil.copytree(weights, folder)
    assert backbone.find("microsoft/deberta-v3-small", here(tmp_path)) == str(folder)


def test_a_folder_is_taken_and_loaded(weights: Path, tmp_path: Path) -> None:
    from transformers import AutoModel

    model = backbone.load(AutoModel.from_pretrained, str(weights), here(tmp_path))
    assert model.config.hidden_size == 64


def test_what_a_run_has_kept_is_not_mistaken_for_an_attached_input(weights: Path, tmp_path: Path) -> None:
    from transformers import AutoModel

    other = tmp_path / "kaggle" / "input" / "other" / "encoder"
    shutil.copytree(weights, other)
    (other / "config.json").write_text(
        (other / "config.json").read_text().replace('"hidden_size": 64', '"hidden_size": 32')
    )
    kept = tmp_path / "run" / "encoder"
    shutil.copytree(weights, kept)
    assert backbone.load_folder(AutoModel.from_pretrained, kept).config.hidden_size == 64
    assert backbone.find(str(kept), here(tmp_path)) == str(kept)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.HTTPServer]:
    """A Hub without models; closed, it does not answer."""
    from huggingface_hub import constants

    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        backbone.hub_answers.cache_clear()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
    backbone.hub_answers.cache_clear()


def test_a_hub_name_needs_a_network(tmp_path: Path, hub: http.server.HTTPServer) -> None:
    """B11: without an answer the Hub's client is not let try again and again."""
    online = here(tmp_path, "local", "on")
    assert backbone.find("some/model-that-is-nowhere", online) == "some/model-that-is-nowhere"
    for name in ("some/model-that-is-nowhere", "model-without-an-owner"):
        with pytest.raises(BackboneError, match="no internet"):
            backbone.find(name, here(tmp_path, "local"))
    hub.shutdown()
    hub.server_close()
    backbone.hub_answers.cache_clear()
    with pytest.raises(BackboneError, match="the Hub does not answer"):
        backbone.find("some/model-that-is-nowhere", online)


def edited(folder: Path, name: str, **values: object) -> None:
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def nan(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors["embeddings.LayerNorm.bias"][0] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def own_tokenizer(folder: Path) -> None:
    edited(folder, "config.json", model_type="own")
    (folder / "tokenizer.json").unlink()
    own = ["own.Own", "own.Own"]
    edited(folder, "tokenizer_config.json", tokenizer_class="Own", auto_map={"AutoTokenizer": own})


DAMAGED: dict[str, tuple[str, Callable[[Path], object], str]] = {  # D10
    "header is a list": (
        "model",
        lambda at: (at / "model.safetensors").write_bytes(b"\6\0\0\0\0\0\0\0[1,2] "),
        "damaged",
    ),
    "no tensors": ("model", lambda at: (at / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}"), "lacks weights"),
    "NaN": ("model", nan, "has NaN or infinite weights"),
    "config is a list": ("model", lambda at: (at / "config.json").write_text("[1]"), "could not be loaded"),
    "config is null": ("model", lambda at: (at / "config.json").write_text("null"), "could not be loaded"),
    "a size is text": ("model", lambda at: edited(at, "config.json", hidden_size="wide"), "could not be loaded"),
    "tokenizer is a list": ("tokenizer", lambda at: (at / "tokenizer.json").write_text("[1]"), "could not be loaded"),
    "tokenizer's config": ("tokenizer", lambda at: (at / "tokenizer_config.json").write_text("[1]"), "could not be"),
    "code of its own": (  # D7: it asked whether to run it, and `yes |` did
        "model",
        lambda at: edited(
            at, "config.json", model_type="own", auto_map={"AutoConfig": "own.Own", "AutoModel": "own.Own"}
        ),
        "code of its own, which is not run",
    ),
    "a tokenizer with code of its own": ("tokenizer", own_tokenizer, "code of its own, which is not run"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_or_hostile_is_one_line(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from transformers import AutoModel, AutoTokenizer

    what, damage, says = DAMAGED[name]
    loader = AutoModel.from_pretrained if what == "model" else AutoTokenizer.from_pretrained
    folder, proof = tmp_path / "broken", tmp_path / "ran"
    shutil.copytree(weights, folder)
    (folder / "own.py").write_text(f"open({str(proof)!r}, 'w')\nOwn = object\n")
    (folder / "chat_template.jinja").write_text("{{ cycler.__init__.__globals__.os.abort() }}")
    damage(folder)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n" * 9))
    with pytest.raises(BackboneError, match=says) as caught:
        backbone.load(loader, str(folder), here(tmp_path))
    assert "\n" not in str(caught.value) and not proof.exists()
    with pytest.raises(BackboneError, match=says):
        backbone.load_folder(loader, folder)


def test_truncated_weights_are_told_apart(weights: Path, tmp_path: Path) -> None:
    for keep in (4, 200, -1000):
        folder = tmp_path / f"cut{keep}"
        shutil.copytree(weights, folder)
        path = folder / "model.safetensors"
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(BackboneError, match="is damaged"):
            backbone.find(str(folder), here(tmp_path))


@pytest.mark.parametrize(("gone", "says"), [("config.json", "no config.json"), ("model.safetensors", "no weights")])
def test_what_is_missing_is_named(weights: Path, tmp_path: Path, gone: str, says: str) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(weights, folder)
    (folder / gone).unlink()
    with pytest.raises(BackboneError, match=says):
        backbone.find(str(folder), here(tmp_path))


def test_a_broken_configuration_is_one_line(weights: Path, tmp_path: Path) -> None:
    from transformers import AutoModel

    folder = tmp_path / "broken"
    shutil.copytree(weights, folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(BackboneError, match="could not be loaded") as caught:
        backbone.load(AutoModel.from_pretrained, str(folder), here(tmp_path))
    assert "\n" not in str(caught.value)


def test_code_in_weights_is_never_run(weights: Path, tmp_path: Path) -> None:
    import pickle

    from transformers import AutoModel

    folder, proof = tmp_path / "evil", tmp_path / "proof"
    shutil.copytree(weights, folder)
    (folder / "model.safetensors").unlink()

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (open, (str(proof), "w"))  # type: ignore[return-value]

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Evil()}, protocol=2))
    with pytest.raises(BackboneError):
        backbone.load(AutoModel.from_pretrained, str(folder), here(tmp_path))
    assert not proof.exists()
