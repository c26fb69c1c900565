# %% [markdown]
# # What is each pixel of a street?
#
# Sky, building, road, a pedestrian: a car that drives itself has to know it for every pixel. CamVid is 701 frames from the
# windscreen of a car in Cambridge, each pixel of which somebody has labelled by hand. What nobody could label is *void*, and
# counts for nothing. Two scores: which share of the pixels is right (roads and sky decide it), and the mean over the
# classes of how well each one's area is met (IoU), in which a pole counts as much as the sky.

# %%
import numpy as np
import pandas as pd

from common import data, pipeline, registry, show, splits
from common.masks import VOID
from common.session.kernel import Kernel
from common.vision import figures
from common.vision.rows import ROW
from common.vision.segmentation.figures import key, over, small
from common.vision.segmentation.rows import cache_of

kernel = Kernel.begin("camvid")
kernel.require(disk=4e9 if kernel.profile == "best" else 1e9)
competition, config = kernel.competition, kernel.config

# %% [markdown]
# ## The pictures
#
# Each frame has its mask beside it, a picture whose "colours" are the numbers of the classes. Both are decoded once; what
# is cut, mirrored or made smaller is so in both alike.

# %%
request = kernel.request()
models = registry.models(competition.name)
frames = data.read(competition, kernel.data)
frames = models.enrich(frames, config, request.context("pictures"))
train, test = frames.training, frames.test
task, cache = models.task, cache_of(train)
print(f"{len(train):,} frames to learn from, {len(test):,} to predict")

# %%
some = train.iloc[:: -(-len(train) // 6)]
pictures, captions = [], []
for row, id in zip(some[ROW], some["id"], strict=True):
    pictures += [small(cache.picture(row)), small(over(cache.picture(row), cache.truth(row), first=0))]
    captions += [id, "labelled"]
grid = figures.grid(pictures, captions, "Frames and their labels, a colour for each class", key=key(task))
figures.save(grid, kernel.environment.working / "frames.png")
show.picture(kernel.environment.working / "frames.png")

# %%
counts = np.zeros(VOID + 1, int)
for row in train[ROW]:
    counts += np.bincount(cache.truth(row).ravel(), minlength=VOID + 1)
shares = counts[: len(task.classes)] / counts[: len(task.classes)].sum()
table = pd.DataFrame({"class": task.classes, "share": [f"{share:.1%}" for share in shares]})
show.table(table, "How much of the street each class is")

# %% [markdown]
# ## The split, and why
#
# A frame looks like the one a second before it. With frames of the same ride on both sides of a split, a model is asked
# about what it has nearly seen: the course's split at random does so. Here a whole ride is held out, as in the test set,
# most of which is a ride of its own.

# %%
folds = splits.make_folds(train, config.split)
rides = train["id"].str.partition("_")[0]
shape = rides.groupby(folds).agg(["nunique", "size"]).rename_axis("fold").reset_index()
show.table(shape.rename(columns={"nunique": "rides", "size": "frames"}), "The folds")

# %% [markdown]
# ## The course's way
#
# Four lines of fastai: loaders from a function that finds each picture's mask, a pretrained resnet34 with a decoder on it,
# and nine epochs, the first with the resnet34 frozen. The profile `course` does exactly this:
#
# ```python
# dls = SegmentationDataLoaders.from_label_func(
#     path, bs=8, fnames=get_image_files(path/"images"),
#     label_func=lambda o: path/"labels"/f"{o.stem}_P{o.suffix}",
#     codes=np.loadtxt(path/"codes.txt", dtype=str))
# learn = unet_learner(dls, resnet34)
# learn.fine_tune(8)
# learn.show_results(max_n=6, figsize=(7, 8))
# ```
#
# The profile `best` trains a small encoder with a decoder on windows of the cached frames, in a fraction of the time.

# %%
run = pipeline.run(request)
record = run.record

# %%
show.scores(record)

# %% [markdown]
# ## What it looks like
#
# Out of fold: no model has seen the ride that it is shown with here.

# %%
show.pictures(run.folder, "overlays", "learning_curve")

# %% [markdown]
# ## What goes out
#
# A mask for each frame of the test set, at its own size: the mean of the folds' soft masks, and of each pixel its likeliest
# class.

# %%
files = kernel.keep_run(run.folder)
kernel.finish(*files, scores=record.scores, status=record.outcome)
