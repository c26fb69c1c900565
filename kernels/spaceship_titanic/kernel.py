# %% [markdown]
# # Spaceship Titanic
#
# The rows are divided as the leaderboard divides them, a model is trained for every fold, and the mean of their predictions
# is submitted.

# %%
import pandas as pd

from common import data, pipeline, registry, show, splits
from common.runs import oof
from common.session.kernel import Kernel

kernel = Kernel.begin("spaceship_titanic")
kernel.require(disk=2e9)
competition, config = kernel.competition, kernel.config

# %% [markdown]
# ## The data

# %%
request = kernel.request()
models = registry.models(competition.name)
frames = models.enrich(data.read(competition, kernel.data), config, request.context("data"))
train, test = frames.training, frames.test
print(f"{len(train):,} rows to learn from, {len(test):,} to predict")
show.table(train.head(3), "The first rows")

# %% [markdown]
# ## The split

# %%
folds = splits.make_folds(train, config.split)
sizes = pd.Series(folds).value_counts().sort_index().rename_axis("fold").reset_index(name="rows")
show.table(sizes, f"The folds of the {config.split.kind} split (-1: always in training)")

# %% [markdown]
# ## Training

# %%
finished = pipeline.run(request)
record = finished.record
show.scores(record)

# %%
for picture in sorted((finished.folder / "figures").glob("*.png")):
    show.picture(picture)

# %% [markdown]
# ## What goes out

# %%
predicted, _ = oof.read(finished)
show.table(predicted.head(), "Out-of-fold predictions")
files = kernel.keep_run(finished.folder)
show.table(pd.read_csv(kernel.output / competition.submission.file_name, dtype=str).head(), "The submission's head")
kernel.finish(*files, scores=record.scores, status=record.outcome)
