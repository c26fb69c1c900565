# %% [markdown]
# # Is a film review positive?
#
# 25,000 reviews are labelled, 25,000 are to be judged, by how sure one is: the leaderboard measures the area under
# the ROC curve. *IMDb: language model* has read all of them and left its encoder, which is attached; on top of
# it a classifier is trained here.

# %%
from dataclasses import replace

import numpy as np
import pandas as pd

from common import data, show, splits
from common.pipeline import workers
from common.runs import oof
from common.session.kernel import Kernel

kernel = Kernel.begin("imdb")
kernel.require(disk=1e9 if kernel.profile in ("sample", "baseline") else 8e9)
competition, config = kernel.competition, kernel.config
if config.stages:  # the others have no use for an encoder
    config = replace(config, encoder=config.encoder or "attached")

# %% [markdown]
# ## The reviews, and the split
#
# The number behind `_` in an id is the stars that the author gave. It would be the perfect feature, and it is left out:
# no model ever sees an id. Every fold has the same fraction of positive reviews.

# %%
frames = data.read(competition, kernel.data)
train, split = frames.training, config.split
print(f"{len(train):,} reviews to learn from, {len(frames.test):,} to predict")
show.table(train[["sentiment", "review"]].head(6))
folds = pd.Series(splits.make_folds(train, split), name="fold")
by_fold = train.groupby(folds.to_numpy())["sentiment"].agg(rows="size", positive="mean")
show.table(by_fold.rename_axis("fold").reset_index(), "The folds (-1: always in training)")

# %% [markdown]
# ## Training
#
# The classifier pools what the encoder thinks of every word: the last state, the largest and the mean of each feature.
# First its head learns alone, then the layers below are unfrozen one after another, the lower the more carefully: what they
# know of language should survive. Every GPU trains folds of its own.

# %%
request = kernel.request()
run = workers.run(request, kernel.gpus)
record = run.record

# %%
for number, fold in record.folds.items():
    if fold.notes.get("epochs"):
        show.table(pd.DataFrame(fold.notes["epochs"]), f"Fold {number}, after each epoch")
show.scores(record)

# %% [markdown]
# ## The errors worth looking at
#
# Out-of-fold (OOF) predictions come from models that have not seen the review's label. The surest mistakes are often irony, a
# plot retold at length, or a label that a reader would not agree with.

# %%
predicted, columns = oof.read(run)
predicted = predicted.dropna(subset=columns).merge(train[["id", "review"]], on="id")
axes = show.axes("OOF predictions", "probability of being positive", "reviews")
for label, name in ((0, "negative"), (1, "positive")):
    rows = predicted["target"] == label
    axes.hist(predicted.loc[rows, "prediction"], bins=np.linspace(0, 1, 41), alpha=0.6, label=name)
axes.legend(frameon=False)
show.figure(axes, kernel.output / "figures" / "oof.png")

# %%
error = (predicted["target"] - predicted["prediction"]).abs()
worst = predicted.reindex(error.sort_values(ascending=False).index).head(8)
worst = worst.assign(review=worst["review"].str.slice(0, 300))
show.table(worst[["target", "prediction", "review"]], "The surest mistakes")

# %% [markdown]
# ## What goes out
#
# The mean of the folds' predictions, checked against the sample submission.

# %%
files = kernel.keep_run(run.folder)
show.table(pd.read_csv(kernel.output / "submission.csv", dtype={"id": str}).head(), "The submission's head")
kernel.finish(*files, scores=record.scores, status=record.outcome)
