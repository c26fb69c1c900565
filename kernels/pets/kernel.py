# %% [markdown]
# # A cat or a dog?
#
# Given a picture, how likely is it a dog? The leaderboard measures log loss: being wrong is cheap for who said *60 %*
# and ruinous for who said *99.99 %*. So two things count: knowing cats from dogs, and knowing when one does not know.
#
# First of all: is this the machine that was asked for?

# %%
import pandas as pd

from common import data, pipeline, registry, show, splits
from common.runs import oof
from common.session.kernel import Kernel
from common.vision import figures
from common.vision.settings import DUPLICATE_GROUP

kernel = Kernel.begin("pets")
kernel.require(disk=12e9 if kernel.profile == "best" else 1e9)
competition, config = kernel.competition, kernel.config

# %% [markdown]
# ## The pictures
#
# They are what people have in their albums: all sizes, some turned, a few broken. Every file is decoded once, turned as
# its camera says, and kept as a square. What cannot be read is named: a training picture is left out, a test picture
# gets the class frequencies.

# %%
request = kernel.request()
models = registry.models(competition.name)
frames = data.read(competition, kernel.data)
frames = models.enrich(frames, config, request.context("pictures"))
train, test = frames.training, frames.test
print(f"{len(train):,} pictures to learn from, {len(test):,} to predict")

# %%
counts = train[competition.target].map(dict(zip(models.task.classes, models.task.names, strict=True))).value_counts()
show.table(counts.rename("pictures").rename_axis("class").reset_index(), "How many of each")

# %% [markdown]
# ## The split, and why
#
# Some pictures are there twice: scaled, cut or saved again. If one copy is trained on and the other validated on, CV is
# better than the leaderboard will be. So pictures that look alike (a perceptual hash, then a second look at the pixels)
# stay in one fold, and every fold has as many cats as dogs.

# %%
folds = splits.make_folds(train, config.split)
alike = train.groupby(DUPLICATE_GROUP).filter(lambda group: len(group) > 1)
print(f"{len(alike):,} training pictures look like another; {alike[DUPLICATE_GROUP].nunique():,} groups")
print(f"{test[DUPLICATE_GROUP].isin(train[DUPLICATE_GROUP]).sum():,} test pictures look like a training picture")
shape = train.groupby(folds)[competition.target].agg(["size", "mean"]).rename_axis("fold").reset_index()
show.table(shape.rename(columns={"size": "pictures", "mean": "fraction of dogs"}), "The folds (-1: always in training)")

# %% [markdown]
# ## Training
#
# A network that has seen a million pictures already knows fur from feathers. Its body stays as it is: each picture goes
# through it once, as it is and mirrored, and what comes out (the mean and the strongest answer of every channel) is
# what a logistic regression learns from, in every fold. How strongly it is held back, and how bold its probabilities
# may be, is decided on inner folds of the training pictures, never on those by which the fold is judged.

# %%
run = pipeline.run(request)
record = run.record

# %%
show.scores(record)

# %% [markdown]
# ## What it looks like
#
# Out-of-fold (OOF) predictions come from models that have not seen the picture, nor one that looks like it.

# %%
show.pictures(run.folder, "batch", "learning_curve", "learning_curve_by_rows", "confusion", "calibration")

# %% [markdown]
# ## The errors worth looking at
#
# Log loss is made of a few certain mistakes. Some are pictures that nobody could name; some carry the wrong label.

# %%
show.picture(run.folder / "figures" / "top_losses.png")
predicted, columns = oof.read(run)
probabilities = models.task.probabilities(predicted[columns].to_numpy())
predicted["loss"] = figures.losses(models.task.codes(train), probabilities)
show.table(predicted.nlargest(10, "loss")[["id", "target", "prediction", "loss"]], "The ten largest losses")
fraction = predicted.nlargest(max(1, len(predicted) // 100), "loss")["loss"].sum() / predicted["loss"].sum()
print(f"one picture in a hundred makes {fraction:.0%} of the loss")

# %% [markdown]
# ## What goes out
#
# The mean of the folds' predictions, checked against the sample submission, and the whole run in one archive.

# %%
files = kernel.keep_run(run.folder)
show.table(pd.read_csv(kernel.output / "submission.csv", dtype={"id": str}).head(), "The submission's head")
kernel.finish(*files, scores=record.scores, status=record.outcome)
