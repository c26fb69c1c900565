# %% [markdown]
# # A three or a seven?
#
# The course's smallest data set, and its hardest baseline to forget: how far from a mean three, how far from a mean seven?
# The nearer one wins, and is right nineteen times out of twenty. The rungs above that are told at length in the kernel of
# the ten digits.

# %%
from dataclasses import replace

import pandas as pd

from common import data, pipeline, registry, show
from common.config import resolve
from common.progress import Progress
from common.runs.run import Run
from common.session.kernel import Kernel
from common.vision import figures
from common.vision.ladder.means import brightness
from common.vision.rows import pixels

kernel = Kernel.begin("threes_sevens")
kernel.require(disk=1e9)
competition = kernel.competition

# %% [markdown]
# ## A picture is a table of numbers
#
# Nothing else reaches a model: 28 rows of 28 pixels, each a brightness from 0 to 255. Here is the middle of a three.

# %%
request = kernel.request()
models = registry.models(competition.name)
frames = models.enrich(data.read(competition, kernel.data), kernel.config, request.context("pictures"))
train = frames.training
groups = train.groupby("digit").groups
print(f"{len(groups['3']):,} threes and {len(groups['7']):,} sevens to learn from")
print(f"{len(frames.test):,} to name")
first = pixels(train.loc[groups["3"][:1]])[0, :, :, 0]
show.table(pd.DataFrame(first[4:-4, 6:-6]), "A three")

# %% [markdown]
# ## The mean three, the mean seven
#
# The mean of each pixel over all threes is itself a picture, and so is that over all sevens. Where all agree it is sharp, where
# they differ it is blurred.

# %%
means = [pixels(train.loc[rows]).mean(axis=0).astype("uint8") for rows in groups.values()]
path = kernel.environment.working / "means.png"
figures.save(figures.grid(means, list(groups), "The mean three and the mean seven", columns=2), path)
show.picture(path)

# %% [markdown]
# How far is a digit from either? Two ways to say it: the mean of the absolute differences of the pixels (L1), and the root of
# the mean of their squares (L2), which minds a few large differences more than many small ones. The nearer mean is the answer.

# %%
mean = {digit: brightness(train.loc[rows]).mean(axis=0) for digit, rows in groups.items()}
distances = []
for digit, rows in groups.items():
    apart = {other: brightness(train.loc[rows[:1]])[0] - mean[other] for other in groups}
    distances.append(
        {"the first": digit}
        | {f"L1 to the mean {other}": abs(differences).mean() for other, differences in apart.items()}
        | {f"L2 to the mean {other}": (differences**2).mean() ** 0.5 for other, differences in apart.items()}
    )
show.table(pd.DataFrame(distances), "How far from each mean")

# %% [markdown]
# ## The rungs
#
# All are trained and measured on the same folds. What learns, learns like this, first with every line written out:
#
# ```python
# for x, y in batches(train, 256):
#     predictions = (x @ weights + bias).sigmoid()
#     loss = torch.where(y == 1, 1 - predictions, predictions).mean()
#     loss.backward()
#     for parameter in (weights, bias):
#         parameter.data -= learning_rate * parameter.grad
#         parameter.grad = None
# ```
#
# then in library words (`nn.Linear`, `SGD`, `Learner`), which do the same; then with thirty hidden units between, and what
# is negative cut off: `nn.Linear(784, 30)`, `nn.ReLU()`, `nn.Linear(30, 1)`.


# %%
def climb(profile: str, *settings: str) -> Run:
    """Train a rung on the folds of the profile that is submitted."""
    config = replace(resolve(competition, profile, settings), split=kernel.config.split)
    out = kernel.environment.working / "-".join((profile, *settings))
    quiet = Progress(silent=True)
    return pipeline.run(replace(request, profile=profile, config=config, out=out, progress=quiet))


rungs = {
    "pixels, L1": climb("pixels", "distance=L1"),
    "pixels, L2": climb("pixels", "distance=L2"),
    "by hand": climb("sgd"),
    "linear": climb("linear"),
    "net": climb("net"),
    kernel.profile: (run := pipeline.run(request)),
}
rows = [{"rung": name, "accuracy": rung.record.scores["accuracy"]} for name, rung in rungs.items()]
show.table(pd.DataFrame(rows), "What each rung adds")

# %%
path = kernel.environment.working / "curves.png"
figures.save(figures.accuracies(rungs.items()), path)
show.picture(path)

# %% [markdown]
# ## What the last one still gets wrong

# %%
show.picture(run.folder / "figures" / "top_losses.png")

# %% [markdown]
# ## What goes out

# %%
files = kernel.keep_run(run.folder)
show.table(pd.read_csv(kernel.output / "submission.csv", dtype=str).head(), "The submission's head")
kernel.finish(*files, scores=run.record.scores, status=run.record.outcome)
