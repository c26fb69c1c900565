# %% [markdown]
# # Digits, from pixels up
#
# Forty-two thousand handwritten digits, 28 by 28 pixels each. A ready network tells them apart with one line of code, and
# teaches nothing about how. So here the way is climbed rung by rung, on one metric and the same folds: how far does one
# get by comparing pixels? What does it add to let the numbers learn? And what do a hidden layer, a ready network and
# one's own convolutions add to that?

# %%
from dataclasses import replace

import pandas as pd
from safetensors.numpy import load_file

from common import data, pipeline, registry, show
from common.config import resolve
from common.progress import Progress
from common.runs.run import Run
from common.session.kernel import Kernel
from common.vision import figures
from common.vision.rows import pixels

kernel = Kernel.begin("digits")
kernel.require(disk=2e9)
competition = kernel.competition
pictures = kernel.environment.working / "figures"

# %% [markdown]
# ## The data
#
# A table of pixels: a row for each digit, a column for each of 784 pixels, 0 for black, 255 for white. The test set has no
# ids; the number of the row, from 1, is one.

# %%
request = kernel.request()
models = registry.models(competition.name)
frames = models.enrich(data.read(competition, kernel.data), kernel.config, request.context("pictures"))
train = frames.training
print(f"{len(train):,} digits to learn from, {len(frames.test):,} to name")
some = train.groupby("label").head(3).sort_values("label", kind="stable")
grid = figures.grid(pixels(some), some["label"].tolist(), "Three of each", columns=6)
figures.save(grid, pictures / "digits.png")
show.picture(pictures / "digits.png")

# %% [markdown]
# ## How a rung is measured
#
# Each rung is a profile of the same competition: it is trained on four fifths of the digits, as the first of the five folds
# divides them, and names the last fifth.


# %%
def climb(profile: str, *settings: str) -> Run:
    """Train a rung on the first fold."""
    config = replace(resolve(competition, profile, settings), split=kernel.config.split, folds=(0,))
    out = kernel.environment.working / "-".join((profile, *settings))
    quiet = Progress(silent=True)
    run = pipeline.run(replace(request, profile=profile, config=config, out=out, progress=quiet))
    print(f"{run.record.scores['accuracy']:.1%} are named right")
    return run


rungs = {}

# %% [markdown]
# ## First rung: pixels
#
# The mean picture of each digit, and for a new one the mean that is nearest: by the mean absolute difference of the pixels
# (L1), or by the root of the mean squared one (L2), which minds large differences more. Nothing is learnt but ten means.

# %%
means = train.groupby("label").groups
mean_pictures = [pixels(train.loc[rows]).mean(axis=0).astype("uint8") for rows in means.values()]
figures.save(figures.grid(mean_pictures, list(means), "The mean digits", columns=5), pictures / "means.png")
show.picture(pictures / "means.png")

# %%
rungs["pixels, L1"] = climb("pixels", "distance=L1")
rungs["pixels, L2"] = climb("pixels", "distance=L2")

# %% [markdown]
# ## Second rung: let the numbers learn
#
# A weight for each pixel and each digit, drawn by chance, and then: predict, measure how surprising the right digit was,
# ask for the gradient, take a step against it, for 256 digits at a time:
#
# ```python
# for x, y in batches(train, 256):
#     outputs = x @ weights + bias
#     loss = -outputs.log_softmax(1).gather(1, y[:, None]).mean()
#     loss.backward()
#     for parameter in (weights, bias):
#         parameter.data -= learning_rate * parameter.grad
#         parameter.grad = None
# ```
#
# `common/vision/ladder/by_hand.py` is little more than that. What the rung adds: **weights that are found instead of averaged.**

# %%
rungs["by hand"] = climb("sgd")

# %% [markdown]
# ## Third rung: the same in library words
#
# ```python
# learn = Learner(dls, nn.Linear(784, 10), opt_func=SGD, loss_func=loss, metrics=batch_accuracy)
# learn.fit(40, learning_rate)
# ```
#
# It should learn nothing else, and that is the point: **the library does what we did.** Its weights can be looked at as
# pictures. Bright pixels speak for the digit, dark ones against it.

# %%
rungs["linear"] = climb("linear")
weights = load_file(rungs["linear"].fold(0) / "model" / "network.safetensors")["0.weight"]
grey = (weights / (3 * weights.std()) * 127 + 128).clip(0, 255).astype("uint8")
shown = grey.reshape(-1, 28, 28, 1).repeat(3, axis=3)
labels = rungs["linear"].record.classes
figures.save(figures.grid(shown, labels, "What speaks for each digit", columns=5), pictures / "weights.png")
show.picture(pictures / "weights.png")

# %% [markdown]
# ## Fourth rung: something hidden
#
# Thirty units between the pixels and the answer, and of what they say all that is below zero is cut off:
# `nn.Sequential(nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 10))`. **Now a pixel may mean one
# thing here and another there**, which no sum of weights can say.

# %%
rungs["net"] = climb("net")

# %% [markdown]
# ## Fifth rung: the course's ready network
#
# A resnet18, untrained, one epoch at a rate of 0.1. **It looks for strokes wherever they are**, and eighteen layers put them
# together.

# %%
rungs["course"] = climb("course")

# %% [markdown]
# ## The top: small convolutions of our own
#
# Two networks a fold, small enough for digits, each digit turned, shifted and stretched a little every time it is shown.
# **What is shown is never twice the same**, so that twenty epochs teach what a seven is, not which sevens there were. This
# is the profile that is submitted, trained on all folds.

# %%
best = pipeline.run(request)
rungs[kernel.profile] = best
show.scores(best.record)

# %% [markdown]
# ## Side by side

# %%
rows = []
for name, run in rungs.items():
    fold = run.record.folds[0]
    seconds = sum(fold.seconds.values())
    rows.append({"rung": name, "accuracy, first fold": fold.scores["accuracy"], "seconds": seconds})
show.table(pd.DataFrame(rows), "What each rung adds")

# %%
figures.save(figures.accuracies(rungs.items()), pictures / "curves.png")
show.picture(pictures / "curves.png")

# %% [markdown]
# ## What the top still gets wrong

# %%
show.pictures(best.folder, "confusion", "top_losses")

# %% [markdown]
# ## What goes out

# %%
files = kernel.keep_run(best.folder)
show.table(pd.read_csv(kernel.output / "submission.csv", dtype=str).head(), "The submission's head")
kernel.finish(*files, scores=best.record.scores, status=best.record.outcome)
