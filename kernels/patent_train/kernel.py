# %% [markdown]
# # How alike are two phrases from patents?
#
# Patent examiners look for earlier work under other names: *strong material* and *steel* may mean the same thing in one
# field and not in another. Given an **anchor** phrase, a **target** phrase and the technical **context** in which both
# stand, the task is to predict how alike raters found them: 0, 0.25, 0.5, 0.75 or 1.
# The leaderboard measures Pearson's correlation.
#
# This notebook trains the models; *Patent phrases: infer* predicts the hidden test set with them, without internet.
# First of all: is this the machine that was asked for? Better to know now than in three hours.

# %%
from dataclasses import replace

import numpy as np
import pandas as pd

from common import data, show, splits
from common.pipeline import workers
from common.runs import oof
from common.session.kernel import Kernel

kernel = Kernel.begin("patent_train")
kernel.require(disk=12e9 if kernel.profile == "best" else 1e9)
competition, config = kernel.competition, kernel.config

# %% [markdown]
# ## The data at a glance
#
# One anchor comes with a few dozen targets, in one or more contexts. Two thirds of the pairs are somewhat alike (0.25
# and 0.5), a fifth is unrelated, and the same meaning in other words (1) is rare: 3 in 100.

# %%
frames = data.read(competition, kernel.data)
train = frames.train
print(f"{len(train):,} pairs to learn from, {len(frames.test):,} to predict")
show.table(train.head(8))

# %%
counts = train["score"].value_counts().sort_index()
axes = show.axes("Scores that raters gave", "score", "pairs")
axes.bar(counts.index.map("{:.2f}".format), counts)
show.figure(axes, kernel.output / "figures" / "scores.png")

groups = train.groupby(["anchor", "context"])
targets = groups.size()
print(f"{train['anchor'].nunique():,} anchors, {train['context'].nunique()} contexts")
print(f"{groups.ngroups:,} lists of targets that share both")
print(f"{targets.median():.0f} targets in a list in the median, {targets.max()} at most")

# %% [markdown]
# ## The split, and why
#
# **No anchor of the hidden test set occurs in training.** A random split puts almost every anchor on both sides: the
# model has then seen what raters thought of that anchor, and CV is higher than the leaderboard will ever be. So an
# anchor stays in one fold, with all its targets, and every fold keeps the distribution of the scores.


# %%
def seen_anchors(split):
    """Fraction of validation rows whose anchor is in training, too, in the first fold."""
    in_train, in_valid = splits.train_and_valid(splits.make_folds(train, split), 0, split)
    return train["anchor"][in_valid].isin(train["anchor"][in_train]).mean()


at_random = replace(config.split, kind="random", group=None, stratify=None)
rows = [(split.kind, split.n_splits, seen_anchors(split)) for split in (at_random, config.split)]
seen = pd.DataFrame(rows, columns=["split", "folds", "rows with a known anchor"])
show.table(seen, "What validation has seen before")

folds = pd.Series(splits.make_folds(train, config.split), name="fold")
by_fold = train.groupby(folds.to_numpy())
shape = by_fold.agg(rows=("score", "size"), anchors=("anchor", "nunique"), mean=("score", "mean"))
shape = shape.rename(columns={"mean": "mean score"}).rename_axis("fold").reset_index()
show.table(shape, "The folds (-1: always in training)")

# %% [markdown]
# ## Training
#
# All targets of one anchor and context stand in one sequence and are scored at once: each is read beside its siblings,
# as the raters read it, and anchor and context are read once for twenty rows instead of once for each. The loss
# is cross-entropy with the score as a soft label, plus a term of the metric itself. Boosted trees stand beside the
# networks: they see letters, shared words, and how near the frozen encoder finds two phrases, each ranked among its
# siblings. Every GPU trains folds of its own.

# %%
request = kernel.request()
run = workers.run(request, kernel.gpus)
record = run.record

# %%
axes = show.axes("Training loss", "step", "loss")
for number, fold in record.folds.items():
    if fold.notes.get("curve"):
        axes.plot(*zip(*fold.notes["curve"], strict=True), label=f"fold {number}")
if axes.lines:  # a baseline of trees has no steps
    axes.legend(frameon=False)
    show.figure(axes, kernel.output / "figures" / "loss.png")

show.scores(record)

# %% [markdown]
# ## The errors worth looking at
#
# Out-of-fold (OOF) predictions come from models that have seen neither the pair nor its anchor: they are what the test
# set will get. A wide spread within a true score means an unsure model; medians that are close together, a shy one.

# %%
predicted, columns = oof.read(run)
phrases = train[["id", "anchor", "target", "context"]]
predicted = predicted.dropna(subset=columns).merge(phrases, on="id", suffixes=("", "_phrase"))
predicted["error"] = predicted["prediction"] - predicted["target"]

levels = [values.to_numpy() for _, values in predicted.groupby("target")["prediction"]]
axes = show.axes("OOF predictions by true score", "true score", "prediction")
axes.boxplot(levels, showfliers=False)
axes.set_xticks(range(1, len(levels) + 1), [f"{level:.2f}" for level in np.sort(predicted["target"].unique())])
show.figure(axes, kernel.output / "figures" / "oof.png")

worst = predicted.reindex(predicted["error"].abs().sort_values(ascending=False).index)
columns = ["anchor", "target_phrase", "context", "target", "prediction"]
names = {"target": "score", "target_phrase": "target"}
show.table(worst[columns].head(10).rename(columns=names), "The ten largest errors")

by_anchor = predicted.groupby("anchor").agg(rows=("error", "size"), mean_error=("error", "mean")).query("rows >= 5")
hardest = by_anchor.reindex(by_anchor["mean_error"].abs().sort_values(ascending=False).index).head(5)
hardest = hardest.rename(columns={"mean_error": "mean error"}).reset_index()
show.table(hardest, "Anchors misjudged as a whole: what do they mean in their context?")

# %% [markdown]
# ## What goes out
#
# The mean of the folds' predictions, checked against the sample submission; and the whole run in one archive, for
# the notebook that predicts.

# %%
files = kernel.keep_run(run.folder)
show.table(pd.read_csv(kernel.output / "submission.csv", dtype={"id": str}).head(), "The submission's head")
kernel.finish(*files, scores=record.scores, status=record.outcome)
