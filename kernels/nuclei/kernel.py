# %% [markdown]
# # Every nucleus by itself
#
# A picture of cells: where is each nucleus? Not which pixels belong to *some* nucleus, but which belong to *this* one. The
# leaderboard looks at each predicted object: it counts as found if it shares more than half of its pixels with a true one,
# then if it shares more than 55 %, and so on up to 95 %, and the mean over these ten thresholds and all pictures is the
# score. Two nuclei that are predicted as one cost both of them.

# %%
from dataclasses import replace

import numpy as np
import pandas as pd

from common import data, pipeline, registry, show
from common.config import resolve
from common.masks import COLUMNS, ROWS
from common.progress import Progress
from common.session.kernel import Kernel
from common.vision import figures
from common.vision.rows import ROW
from common.vision.segmentation.figures import over, small
from common.vision.segmentation.rows import cache_of

kernel = Kernel.begin("nuclei")
kernel.require(disk=4e9 if kernel.profile == "best" else 1e9)
competition, config = kernel.competition, kernel.config

# %% [markdown]
# ## The pictures
#
# Fluorescent ones, in which nuclei are bright dots on black, and stained ones, in which they are violet on pink; small and
# large. A mask is a list of runs of pixels, counted down the columns from 1: *11966 4* is the pixels 11,966 to 11,969.
# That order is easily taken for the other one, along the rows, and the file looks fine all the same; so `kit validate`
# compares a submission's masks with their pictures, read both ways.

# %%
request = kernel.request()
models = registry.models(competition.name)
frames = data.read(competition, kernel.data)
frames = models.enrich(frames, config, request.context("pictures"))
train, test = frames.training, frames.test
task, cache = models.task, cache_of(train)
print(f"{len(train):,} pictures to learn from, {len(test):,} to predict")
sizes = train.groupby([ROWS, COLUMNS]).size().rename_axis(["rows", "columns"]).rename("pictures").reset_index()
show.table(sizes.sort_values("pictures", ascending=False).head(8), "How large they are")

# %%
some = train.sample(6, random_state=1)
pictures, captions = [], []
for row, size, answer in zip(some[ROW], some[[ROWS, COLUMNS]].to_numpy(), some[task.target], strict=True):
    truth = task.truth(answer, tuple(size.tolist()))
    pictures += [small(cache.picture(row)), small(over(cache.picture(row), truth))]
    captions += ["picture", f"{len(np.unique(truth)) - 1} nuclei"]
grid = figures.grid(pictures, captions, "Pictures and their nuclei")
figures.save(grid, kernel.environment.working / "nuclei.png")
show.picture(kernel.environment.working / "nuclei.png")

# %% [markdown]
# ## Without learning anything
#
# The oldest idea there is: a threshold between dark and bright, chosen so that both sides differ from their own mean as
# little as possible (Otsu, 1979). What hangs together is one object. It does well on bright dots, and has no idea where
# one nucleus ends and its neighbour begins.

# %%
chosen = replace(resolve(competition, "baseline", ()), split=config.split)
out = kernel.environment.working / "otsu"
quiet = Progress(silent=True)
otsu = pipeline.run(replace(request, profile="baseline", config=chosen, out=out, progress=quiet))
print(f"mean precision {otsu.record.scores['object_precision']:.3f}")
show.pictures(otsu.folder, "overlays")

# %% [markdown]
# ## With a network
#
# A U-Net looks at each pixel with ever wider surroundings and tells three things apart: outside, inside, and *boundary*. In
# the middle of each nucleus the inside hangs together by itself; these seeds then grow until they meet, at the boundary.
# Windows of the pictures are mirrored in all ways, for what a microscope sees has no top.

# %%
run = pipeline.run(request)
record = run.record

# %%
show.scores(record)

# %% [markdown]
# ## What it looks like
#
# Out of fold: no model has seen the pictures that it is shown with here. A colour is an object.

# %%
show.pictures(run.folder, "overlays", "learning_curve")

# %% [markdown]
# ## What goes out
#
# A row for each nucleus: the mean of the folds' soft masks, cut into objects. No two may overlap, none may run past the end of
# its picture; that has been checked.

# %%
files = kernel.keep_run(run.folder)
sent = pd.read_csv(kernel.output / "submission.csv")
print(f"{len(sent):,} nuclei in {sent['ImageId'].nunique():,} pictures")
show.table(sent.head(), "The submission's head")
kernel.finish(*files, scores=record.scores, status=record.outcome)
