# %% [markdown]
# # Stars for films
#
# Six hundred people have given ninety thousand ratings to ten thousand films. How many stars will one of them give a film
# that he has not rated yet? The error is the root of the mean squared one (RMSE), in stars.
#
# This is also a story about validation. The same models look good, fair or useless, depending on which ratings are kept
# aside; only one way of keeping some aside is the leaderboard's.

# %%
from dataclasses import replace

import pandas as pd

from common import data, pipeline, registry, show
from common.collab.settings import LAST
from common.config import resolve
from common.progress import Progress
from common.runs import oof
from common.runs.run import Run
from common.session.kernel import Kernel

kernel = Kernel.begin("movielens")
kernel.require(disk=2e9)
competition, config = kernel.competition, kernel.config

# %% [markdown]
# ## The ratings
#
# Who, what, when, how many stars. A title carries the year in brackets, a film has one genre or several.

# %%
request = kernel.request()
models = registry.models(competition.name)
frames = models.enrich(data.read(competition, kernel.data), config, request.context("data"))
train, test = frames.training, frames.test
show.table(train[["userId", "movieId", "rating", "title", "genres"]].head(), "The first ratings")
rated = train["movieId"].value_counts()
facts = {
    "ratings to learn from": len(train),
    "ratings to predict": len(test),
    "viewers": train["userId"].nunique(),
    "films": len(rated),
    "films with a single rating": int((rated == 1).sum()),
    "ratings to predict of films that nobody has rated": int((~test["movieId"].isin(rated.index)).sum()),
    "ratings to predict of viewers that nobody knows": int((~test["userId"].isin(train["userId"])).sum()),
}
show.table(pd.DataFrame(facts.items(), columns=["", "count"]))

# %%
stars = train["rating"].value_counts(normalize=True).sort_index()
ax = show.axes("How many stars people give", "stars", "fraction of the ratings")
ax.bar(stars.index, stars.to_numpy(), width=0.4)
show.figure(ax, kernel.environment.working / "stars.png")

# %% [markdown]
# ## Three ways to keep ratings aside
#
# - **random**: any rating may be kept aside. Of most viewers, ratings before and after are known, often of the same evening.
# - **the last of each viewer**: the last fifth of what each has rated. Tastes have to be foreseen; every viewer is known.
# - **by time**: everything after a day. Most of those viewers come only then, and nothing is known of them.

# %%
ways = {
    "random": ("split.kind=random", "split.n_splits=10"),
    "last of each viewer": ("split.kind=column", f"split.column={LAST}"),
    "by time": ("split.kind=time", "split.order=timestamp", "split.holdout=0.2"),
}


def measured(profile: str, way: str) -> Run:
    """Train a profile by one way of keeping ratings aside, on its first fold."""
    chosen = replace(resolve(competition, profile, ways[way]), folds=(0,))
    out = kernel.environment.working / f"{profile}-{way.replace(' ', '-')}"
    quiet = Progress(silent=True)
    return pipeline.run(replace(request, profile=profile, config=chosen, out=out, progress=quiet))


light = kernel.profile in ("sample", "baseline")
rivals = ("baseline", "sample") if light else ("baseline", "course", "best")
rmse = {profile: {way: measured(profile, way).record.scores["rmse"] for way in ways} for profile in rivals}

# %%
table = pd.DataFrame(rmse).T.rename_axis("profile").reset_index()
show.table(table, "The same models, three truths (RMSE of the first fold)")

# %% [markdown]
# Whoever validates by time would find that nothing helps: of viewers who come new there is nothing to go by but the films'
# biases. Whoever validates at random finds that an evening's other ratings tell a lot. Neither is right or wrong: **the
# test set decides.** Here is how it lies in time, and whether its viewers are known.

# %%
ax = show.axes("When the ratings were given", "year", "fraction of the ratings")
for name, rows, left in (("training", train, -0.2), ("test", test, 0.2)):
    years = pd.to_datetime(rows["timestamp"], unit="s").dt.year.value_counts(normalize=True)
    ax.bar(years.index + left, years.to_numpy(), width=0.4, label=name)
ax.legend(frameon=False)
show.figure(ax, kernel.environment.working / "when.png")
known = test["userId"].isin(train["userId"]).mean()
print(f"viewers of the test set that are known: {known:.1%} of its ratings")

# %% [markdown]
# Both lie in the same years, and every viewer is known: it is a tenth of all ratings, drawn at random. So the folds are
# random too, and their error is the one to believe. For a service that has to advise people who sign up tomorrow it would
# be the last to believe.

# %% [markdown]
# ## The course's way
#
# Fifty numbers for each viewer and each film, found by gradient descent, so that their product, and two biases, are the
# stars. The profile `course` does exactly this:
#
# ```python
# dls = CollabDataLoaders.from_csv(path/"ratings.csv")
# learn = collab_learner(dls, y_range=(0.5, 5.5))
# learn.fine_tune(10)
# ```
#
# ## Training
#
# The mean, how kind a viewer is and how well liked a film (the biases) do most of it. What is left is small and noisy: what
# a viewer's other ratings say of the film, by its genres, its time, the vectors that others' ratings give it and the
# evening on which they were given. Boosted trees weigh all of that. Every training rating is described by other ratings
# alone, as a new one will be.

# %%
run = pipeline.run(request)
record = run.record
show.scores(record)

# %%
predicted, _ = oof.read(run)
by_stars = predicted.groupby("target")["prediction"].agg(["size", "mean"]).reset_index()
by_stars.columns = ["stars given", "ratings", "mean prediction"]
show.table(by_stars, "Few stars are never foreseen")

# %% [markdown]
# ## What goes out

# %%
files = kernel.keep_run(run.folder)
show.table(pd.read_csv(kernel.output / "submission.csv", dtype={"id": str}).head(), "The submission's head")
kernel.finish(*files, scores=record.scores, status=record.outcome)
