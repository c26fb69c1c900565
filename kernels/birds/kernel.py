# %% [markdown]
# # Is it a bird?
#
# The course's first lesson: collect pictures of birds and of other things into two folders, and ask a network which is which.
# The folders are your own, so nobody has looked through them before you: some files are no pictures at all.

# %%
import pandas as pd

from common import data, pipeline, registry, show
from common.runs import oof
from common.session.kernel import Kernel
from common.vision import figures
from common.vision.pictures.examine import examine
from common.vision.settings import DUPLICATE_GROUP

kernel = Kernel.begin("birds")
kernel.require(disk=4e9)
competition, config = kernel.competition, kernel.config

# %% [markdown]
# ## What was collected
#
# What `kit pictures check` tells at home: what cannot be read, how large the pictures are, how many lie in each folder,
# which are there twice.

# %%
request = kernel.request()
archive = data.paths(kernel.data, competition.files.train)[0]
seen = examine(archive, kernel.progress)
show.table(pd.DataFrame(seen.labels.items(), columns=["folder", "pictures"]), "Labels by folder")
show.table(pd.DataFrame(list(seen.sizes.items())[:5], columns=["size", "pictures"]), "Sizes")
show.table(pd.DataFrame(seen.unreadable.items(), columns=["file", "why it cannot be read"]), "Not readable")

# %%
models = registry.models(competition.name)
frames = models.enrich(data.read(competition, kernel.data), config, request.context("pictures"))
train, test = frames.training, frames.test
alike = train.groupby(DUPLICATE_GROUP).filter(lambda group: len(group) > 1)
print(f"{len(train):,} pictures to learn from, {len(test):,} to predict; {len(alike):,} look like another")

# %% [markdown]
# ## The course's way
#
# A few lines of fastai: where the pictures are, what each one is, which of them are kept aside, how large they are shown; then a
# pretrained resnet18, its last layers first, all of it for three epochs. The profile `course` does exactly this:
#
# ```python
# dls = DataBlock(
#     blocks=(ImageBlock, CategoryBlock),
#     get_items=get_image_files,
#     get_y=parent_label,
#     splitter=RandomSplitter(valid_pct=0.2, seed=42),
#     item_tfms=Resize(192, method="squish"),
# ).dataloaders(path)
# learn = vision_learner(dls, resnet18, metrics=error_rate)
# learn.fine_tune(3)
# ```
#
# ## Training
#
# A network that has seen a million pictures knows beaks and feathers. Its body stays as it is, and what it says of each
# picture, as it is and mirrored, is what a small head learns from. Pictures that look alike are in one fold together.

# %%
run = pipeline.run(request)
record = run.record
show.scores(record)

# %%
show.pictures(run.folder, "batch", "learning_curve", "learning_curve_by_rows", "confusion", "calibration")
show.pictures(run.folder, "top_losses")

# %% [markdown]
# ## The errors worth looking at
#
# Of one's own pictures the top losses are the best broom: what lies in the wrong folder is among them.

# %%
predicted, columns = oof.read(run)
probabilities = models.task.probabilities(predicted[columns].to_numpy())
predicted["loss"] = figures.losses(models.task.codes(train), probabilities)
show.table(predicted.nlargest(10, "loss")[["id", "target", "prediction", "loss"]], "The ten largest losses")

# %% [markdown]
# ## What goes out

# %%
files = kernel.keep_run(run.folder)
show.table(pd.read_csv(kernel.output / "submission.csv", dtype={"id": str}).head(), "The submission's head")
kernel.finish(*files, scores=record.scores, status=record.outcome)
