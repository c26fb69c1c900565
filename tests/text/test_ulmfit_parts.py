"""ULMFiT's parts: weights from Wikipedia, batches, generated text, several processes, kernels."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import tarfile
from dataclasses import replace
from http.client import IncompleteRead
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from forks import Command, Forks, script_code
from ulmfit_world import TINY, reviews

from common import processes
from common.data.frames import Frames
from common.environment import PROJECT
from common.errors import BackboneError
from common.model import Context
from common.progress import Progress
from common.settings import override
from common.text import Corpus, TextTask, Vocabulary
from common.text.settings import Ulmfit, profiles
from common.text.tokens.rules import SPECIAL
from common.text.ulmfit import classifier, encoder, generate, language_model, network, stages, wikipedia
from common.text.ulmfit.loaders import Texts, Windows

PROFILES = profiles("sentiment")
CONFIG = PROFILES["sample"]
assert isinstance(CONFIG, Ulmfit)
TASK = TextTask(target="sentiment", texts=("review",), classes=(0, 1), names=("negative", "positive"))


def corpus(lengths: list[int]) -> Corpus:
    flat = np.arange(sum(lengths), dtype=np.uint16) + 3
    return Corpus(flat, np.concatenate([[0], np.cumsum(lengths)]), Vocabulary(("xxunk", "xxpad", "xxbos")))


def wt103(folder: Path, words: list[str]) -> Path:
    """Write weights as fastai packs them, in the names that its older files have."""
    folder.mkdir()
    model = network.language_model(CONFIG, len(words))
    state = {key: value.clone() for key, value in model.state_dict().items()}
    state |= {f"0.rnns.{layer}.module.weight_hh_l0": torch.zeros(1) for layer in range(CONFIG.network.layers)}
    torch.save(state, folder / "lstm_fwd.pth")
    (folder / "itos_wt103.pkl").write_bytes(pickle.dumps(words))
    return folder


def test_known_words_keep_their_row_and_new_ones_get_the_mean(tmp_path: Path, context: Context) -> None:
    folder = wt103(tmp_path / "wt103-fwd", ["xxunk", "the", "film"])
    found = wikipedia.find(str(folder), False, context)
    assert found is not None
    weights = wikipedia.matched(found, ["film", "new", "the", "xxunk"])
    old = torch.load(folder / "lstm_fwd.pth", weights_only=True)["0.encoder.weight"]
    assert torch.equal(weights["0.encoder.weight"], torch.stack([old[2], old.mean(0), old[1], old[0]]))
    network.language_model(CONFIG, 4).load_state_dict(weights)


def test_weights_are_found_in_the_cache_and_of_the_right_direction(tmp_path: Path, context: Context) -> None:
    assert wikipedia.find("auto", False, context) is None
    assert "starts from nothing" in context.progress.warnings[0]
    context.cache.mkdir()
    wt103(context.cache / "wt103-fwd", ["xxunk", "xxpad"])
    assert wikipedia.find("auto", True, context) is None
    assert wikipedia.find("auto", False, context) is not None
    assert wikipedia.find("none", False, context) is None
    with pytest.raises(BackboneError, match=r"one \.pth and one \.pkl are needed"):
        wikipedia.find(str(tmp_path / "nowhere"), False, context)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch pwned",)


def test_a_pickle_that_is_more_than_words_is_refused(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = wt103(tmp_path / "wt103-fwd", ["xxunk", "xxpad"])
    for content in (Evil(), ["a", Evil()], {"a": 1}, ["a", 1]):
        (folder / "itos_wt103.pkl").write_bytes(pickle.dumps(content))
        with pytest.raises(BackboneError, match="no plain list of words"):
            wikipedia.find(str(folder), False, context)
    (folder / "itos_wt103.pkl").write_bytes(pickle.dumps(["a"]))
    torch.save({"0.encoder.weight": Evil()}, folder / "lstm_fwd.pth")
    with pytest.raises(BackboneError, match="only plain tensors"):
        wikipedia.find(str(folder), False, context)
    assert not (tmp_path / "pwned").exists()


def test_weights_and_words_that_do_not_belong_together_are_refused(tmp_path: Path, context: Context) -> None:
    folder = wt103(tmp_path / "wt103-fwd", ["xxunk", "the", "film"])
    (folder / "itos_wt103.pkl").write_bytes(pickle.dumps(["xxunk", "the"]))
    with pytest.raises(BackboneError, match=r"lists 2 words.* have 3 and 3 rows"):
        wikipedia.find(str(folder), False, context)
    for content in ([torch.zeros(3)], {"model": 1}, {0: torch.zeros(3)}, {"1.decoder.bias": torch.zeros(3)}, {"a": 1}):
        torch.save(content, folder / "lstm_fwd.pth")
        with pytest.raises(BackboneError, match="cannot be read as weights"):
            wikipedia.find(str(folder), False, context)


def test_a_download_that_breaks_off_is_told(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def archive(*names: str) -> bytes:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as packed:
            for name in names:
                packed.addfile(tarfile.TarInfo(name))
        return made.getvalue()

    def incomplete(*_: Any, **__: Any) -> Any:
        raise IncompleteRead(b"")

    monkeypatch.setattr(type(context.environment), "online", lambda self: True)
    whole = archive("wt103-fwd/lstm_fwd.pth")
    for content in (whole, whole[: len(whole) // 2], whole[:20] + b"\xff" * 30, b""):
        monkeypatch.setattr(wikipedia.urllib.request, "urlopen", lambda *_, content=content, **__: io.BytesIO(content))
        told = replace(context, progress=Progress(silent=True))
        assert wikipedia.find("auto", False, told) is None
        assert "could not be downloaded" in told.progress.warnings[0]
    monkeypatch.setattr(wikipedia.urllib.request, "urlopen", incomplete)
    assert wikipedia.find("auto", False, context) is None
    assert not list(context.cache.glob("wt103*"))


def test_only_the_main_process_looks_for_weights(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = wt103(tmp_path / "wt103-fwd", ["xxunk", "the"])
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(processes, "agree", lambda value: str(folder))
    monkeypatch.setattr(type(context.environment), "online", lambda self: pytest.fail("it looked for itself"))
    assert wikipedia.find("auto", False, context) is not None


def test_every_process_takes_the_encoder_that_the_main_one_lacks(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    (context.run / "encoder").mkdir()  # the main process was quicker
    monkeypatch.setattr(processes, "agree", lambda value: False)
    with pytest.raises(BackboneError, match="encoder=other"):
        stages.prepare(Frames(train=None, test=pd.DataFrame()), TASK, override(CONFIG, {"encoder": "other"}), context)


def test_time_is_kept_back_for_all_that_is_predicted(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    trained(context)
    model = classifier.UlmfitModel(TASK, CONFIG, context)
    monkeypatch.setattr(classifier.phases, "fit", lambda *_, **settings: given.update(settings) or {})
    ids = [np.arange(10) for _ in range(100)]
    rows = pd.DataFrame({"ids": pd.Series(ids), "sentiment": [0, 1] * 50})
    model.fit(rows[:80], rows[80:])
    validation, test = 200, 1000
    assert given["reserve"](10.0) >= (2 * validation + test) / 10.0
    assert given["key"] == encoder.read(context.run / encoder.NAME).record["files"]["model.safetensors"]


def trained(context: Context, words: tuple[str, ...] = (*SPECIAL, "film"), likes: str | None = None) -> None:
    """Write an encoder into the run's folder, untrained, or one that all but always says the same word."""
    model = network.language_model(CONFIG, len(words))
    if likes is not None:
        model[1].decoder.bias.data[words.index(likes)] = 50.0
    encoder.save(context.run / encoder.NAME, model, Vocabulary(words), CONFIG, {})


def test_a_model_that_likes_marks_comes_to_an_end(context: Context) -> None:
    trained(context, likes="xxmaj")
    text = generate.generate("the", CONFIG, context, words=3, temperature=1.0, seed=1)
    assert text == "the Film Film Film"
    assert not context.cache.exists(), "a prompt leaves nothing in the cache"


def test_a_stage_learns_from_as_many_reviews_as_it_is_told(context: Context) -> None:
    config = override(CONFIG, {"language_model.rows": "10", "language_model.sequence": "4", "classifier.rows": "7"})
    assert isinstance(config, Ulmfit)
    words = corpus([9] * 40)
    learn, _ = language_model.learner(config, words, context)
    assert (len(learn.dls.train.rows), len(learn.dls.valid.rows)) == (9, 1)
    encoder.save(context.run / encoder.NAME, learn.model, words.vocabulary, config, {})
    reviews = pd.DataFrame({"ids": [words.ids(row) for row in range(40)], "sentiment": [0, 1] * 20})
    learn = classifier.UlmfitModel(TASK, config, context).learner(reviews[:30], reviews[30:])
    assert (len(learn.dls.train.ids), len(learn.dls.valid.ids)) == (7, 10)


def test_windows_go_on_where_they_ended_and_can_be_entered_anywhere() -> None:
    loader = Windows(corpus([7, 30, 13, 51]), np.arange(4), 4, 6, seed=3, backwards=False)
    whole = list(loader)
    assert len(whole) == len(loader) and [x.numel() for x, _ in whole] == list(loader.sizes)
    assert all(torch.equal(x[:, 1:], y[:, :-1]) for x, y in whole)
    assert all(torch.equal(one[1][:, -1], two[0][:, 0]) for one, two in pairwise(whole))
    loader.start = 2
    assert all(torch.equal(one[0], two[0]) for one, two in zip(loader, whole[2:], strict=True))
    loader.start, loader.epoch = 0, 1
    assert not torch.equal(next(iter(loader))[0], whole[0][0])


def test_backwards_reads_every_review_from_its_end() -> None:
    (words, _), *_ = Windows(corpus([4, 5]), np.arange(2), 1, 8, seed=None, backwards=True)
    assert words[0].tolist() == [6, 5, 4, 3, 11, 10, 9, 8]
    ids = [np.array([3, 4, 5]), np.array([6, 7])]
    (words,) = next(iter(Texts(ids, None, 2, 2, seed=None, backwards=True)))
    assert words.tolist() == [[5, 4, 3], [7, 6, 1]]


def test_processes_share_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def loaders() -> tuple[Windows, Texts]:
        ids = [np.arange(3, 3 + length) for length in range(5, 25)]
        return (
            Windows(corpus([60, 45]), np.arange(2), 4, 6, seed=1, backwards=False),
            Texts(ids, np.arange(20), 5, 4, seed=1, backwards=False),
        )

    alone = [list(loader) for loader in loaders()]
    parts = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        parts.append([list(loader) for loader in loaders()])
    for kind in range(2):
        for whole, one, two in zip(alone[kind], parts[0][kind], parts[1][kind], strict=True):
            assert torch.equal(whole[1], torch.cat([one[1], two[1]]))
    monkeypatch.setenv("RANK", "1")
    assert not processes.is_main() and processes.count() == 2


def test_the_recipes_phases() -> None:
    course, quick = PROFILES["course"], PROFILES["quick"]
    assert isinstance(course, Ulmfit) and isinstance(quick, Ulmfit)
    phases = classifier.planned(course.classifier)
    assert [phase.groups for phase in phases] == [1, 2, 3, 0] and [phase.epochs for phase in phases] == [1, 1, 1, 2]
    assert phases[1].rates == slice(1e-2 / 2.6**4, 1e-2)
    assert classifier.planned(quick.classifier)[1].rates == slice(5e-3 / 100, 5e-3)
    settings = course.language_model
    assert (settings.batch_size, settings.sequence, settings.dropout, settings.holdout) == (128, 80, 0.3, 0.1)
    assert (course.classifier.batch_size, course.classifier.sequence, course.classifier.dropout) == (128, 72, 0.5)


@pytest.mark.slow
def test_two_processes_train_as_one(forks: Forks, tmp_path: Path) -> None:
    data = reviews(tmp_path / "data")
    environ = os.environ | {
        "KIT_ENVIRONMENT": f"place=local root={tmp_path} internet=off",
        "KIT_CACHE": str(tmp_path / "c"),
    }
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    together = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}  # as accelerate launch sets them
    records = []
    for number, ranks in enumerate(([{}], [{"RANK": rank, "LOCAL_RANK": rank} | together for rank in "01"])):
        words = ("train", "imdb", "--data", str(data), *TINY, "--out", str(tmp_path / f"run-{number}"))
        ended = forks.run(*(Command(words=words, environ=environ | rank) for rank in ranks))
        assert {each.code for each in ended} == {0}, ended[0].err[-3000:]
        assert "".join(each.err for each in ended).count("run folder:") == 1
        assert "".join(each.out for each in ended).count("submission  ") == 1
        records.append(json.loads((tmp_path / f"run-{number}" / "run.json").read_text()))
    (one, two) = ([row["valid_loss"] for row in record["stages"]["language-model"]["epochs"]] for record in records)
    assert one == pytest.approx(two, rel=0.02) and one != two
    one, two = (record["folds"]["0"]["notes"]["epochs"][-1]["valid_loss"] for record in records)
    assert one == pytest.approx(two, abs=0.15)
    assert not list(tmp_path.rglob("*.part"))
    assert len((tmp_path / "submissions" / "imdb" / "ledger.csv").read_text().splitlines()) == 3


@pytest.mark.slow
def test_the_second_kernel_takes_the_firsts_output(forks: Forks, tmp_path: Path) -> None:
    data = reviews(tmp_path / "data")
    settings = "language_model.epochs=1 classifier.epochs=1 network.layers=2"
    for name in ("imdb_language_model", "imdb"):
        environ = os.environ | {
            "KIT_ENVIRONMENT": f"place=local root={tmp_path} internet=off", "KIT_CACHE": str(tmp_path / "cache"),
            "KIT_PROFILE": "sample", "KIT_SET": settings, "KIT_DATA": str(data),
        }  # fmt: skip
        code = script_code(PROJECT / "kernels" / name / "kernel.py")
        (done,) = forks.run(Command(code=code, environ=environ, at=str(tmp_path), path=(str(PROJECT),)))
        assert done.code == 0, done.err[-3000:]
    build = tmp_path / "build" / "kernels"
    assert "language-model" in (build / "imdb_language_model" / "output" / "manifest.json").read_text()
    submission = build / "imdb" / "output" / "submission.csv"
    assert len(submission.read_text().splitlines()) == 13
