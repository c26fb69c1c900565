"""Questions with answers to choose from: the answer that fits the question is found, and what was saved says the same."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd

from common.data.frames import Frames
from common.model import Context
from common.text import TextModels, TextTask
from common.text.settings import profiles

WORDS = [
    f"{one}{two}" for one in ("sun", "moon", "star", "sea", "wind", "rain") for two in ("light", "side", "song", "way")
]
LETTERS = ("A", "B", "C", "D")


def questions(n: int, seed: int) -> pd.DataFrame:
    """Return questions, of whose answers the right one repeats two words of the question, in places of chance."""
    rng, rows = random.Random(seed), []
    for _ in range(n):
        topic, right = rng.sample(WORDS, 3), rng.choice(LETTERS)
        row = {letter: " ".join(rng.sample(WORDS, 5)) for letter in LETTERS}
        row[right] = " ".join([*topic[:2], *rng.sample(WORDS, 3)])
        rows.append({"prompt": f"what of {' and '.join(topic)}", **row, "answer": right})
    return pd.DataFrame(rows)


def test_the_answer_that_fits_is_found_whatever_its_letter(context: Context, tmp_path: Path) -> None:
    task = TextTask(
        target="answer", predicts="class", classes=LETTERS, names=LETTERS, texts=("prompt", *LETTERS), options=""
    )
    train, test = questions(80, 0), questions(40, 1)
    models, config = TextModels(task), profiles("answer")["baseline"]
    frames = models.prepare(Frames(train=train, test=test), config, context).frames
    model = models.build(config, frames, context)
    model.fit(frames.training, frames.training.head(0))
    said = model.predict(frames.test)
    assert said.shape == (40, 4) and np.allclose(said.sum(axis=1), 1)
    assert (np.array(LETTERS)[said.argmax(axis=1)] == test["answer"]).mean() > 0.7
    model.save(tmp_path)
    assert np.array_equal(models.load(tmp_path, config, context).predict(frames.test), said)
    assert model.predict(frames.test.head(0)).shape == (0, 4)
