# %% [markdown]
# # A three or a seven?
#
# The course's smallest data set, and its hardest baseline to forget: how far from a mean three, how far from a mean seven?
# The nearer one wins, and is right nineteen times out of twenty. The rungs above that are told in the kernel of the ten
# digits; here they are counted.

# %%
from dataclasses import replace

import pandas as pd

from common import data, pipeline, registry, show
from common.config import resolve
from common.session.kernel import Kernel
from common.vision import figures
from common.vision.rows import pixels

kernel = Kernel.begin("threes_sevens")
kernel.require(disk=1e9)
competition = kernel.competition

# %%
request = kernel.request()
models = registry.models(competition.name)
frames = models.enrich(data.read(competition, kernel.data), kernel.config, request.context("pictures"))
train = frames.training
groups = train.groupby("digit").groups
means = [pixels(train.loc[rows]).mean(axis=0).astype("uint8") for rows in groups.values()]
path = kernel.environment.working / "means.png"
figures.save(figures.grid(means, list(groups), "The mean three and the mean seven"), path)
show.picture(path)

# %% [markdown]
# ## The rungs
#
# All are trained and measured on the same five folds.

# %%
rows = []
for profile, settings in {"pixels": ("distance=L1",), "sgd": (), "linear": (), "net": ()}.items():
    config = replace(resolve(competition, profile, settings), split=kernel.config.split)
    run = pipeline.run(replace(request, profile=profile, config=config, out=kernel.environment.working / profile))
    rows.append({"rung": profile, "accuracy": run.record.scores["accuracy"]})
run = pipeline.run(request)
rows.append({"rung": kernel.profile, "accuracy": run.record.scores["accuracy"]})
show.table(pd.DataFrame(rows), "What each rung adds")

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
