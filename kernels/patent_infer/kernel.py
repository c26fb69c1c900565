# %% [markdown]
# # How alike are two phrases from patents? Predictions
#
# *Patent phrases: train* has trained the models; its output is attached. This notebook is what is submitted: Kaggle
# runs it once more, without internet, with another test set than the one that we can see. So nothing
# below depends on how many rows there are, on their ids, or on anything that had to be downloaded.

# %%
import numpy as np
import pandas as pd

from common import data, show, submission
from common.pipeline import inference
from common.runs.run import Run
from common.session.kernel import Kernel

kernel = Kernel.begin("patent_infer")
kernel.require(disk=6e9)
competition = kernel.competition
path = kernel.output / competition.submission.file_name

# %% [markdown]
# ## The test set that is mounted
#
# It is read with indulgence: a cell that is empty or an id that comes twice costs a row, not the submission.

# %%
frames = data.read(competition, kernel.data, train=False, tolerate=kernel.progress.warn)
test = frames.test
print(f"{len(test):,} rows, {test['anchor'].nunique():,} anchors, {test['context'].nunique()} contexts")
show.table(test.head(8))

targets = test.groupby(["anchor", "context"]).size()
axes = show.axes("Targets of one anchor and context", "targets", "lists")
axes.hist(targets, bins=30)
show.figure(axes, kernel.output / "figures" / "targets.png")

# %% [markdown]
# ## A safety net
#
# A rerun that dies is a submission lost, so a valid file is written before any model is loaded: the fraction of letter
# triples that two phrases have in common. On the training data its correlation with the scores is 0.48; a
# constant would be worth nothing, because its correlation is undefined.


# %%
def triples(phrase):
    """Every three letters in a row, with the ends of the phrase marked."""
    marked = f" {phrase.lower()} "
    return {marked[start : start + 3] for start in range(len(marked) - 2)}


def overlap(anchor, target):
    """Fraction of the letter triples of two phrases that both have (Jaccard's index)."""
    one, other = triples(anchor), triples(target)
    return len(one & other) / max(len(one | other), 1)


simple = [overlap(*pair) for pair in zip(test["anchor"], test["target"], strict=True)]
table = inference.as_submission(competition, frames, np.array(simple))
submission.write(table, path, competition.submission)
inference.check(competition, path, frames)

# %% [markdown]
# ## The models
#
# Every fold's model predicts every row; the submission is their mean. Here is what they scored on phrases that
# they had not seen: the leaderboard should agree with it.

# %%
fell_back = True
with kernel.falling_back():
    run = Run.open(kernel.attached_run())
    show.scores(run.record, f"CV of the attached run ({run.record.profile})")
    table = inference.predict(competition, run.folder, frames, kernel.environment, kernel.progress)
    submission.write(table, path, competition.submission)
    inference.check(competition, path, frames)
    fell_back = False

# %% [markdown]
# ## What goes out

# %%
sent = pd.read_csv(path, dtype={"id": str})
show.table(sent.head(), "The submission's head")
axes = show.axes("Predictions", "score", "rows")
axes.hist(sent["score"], bins=40, range=(0, 1))
show.figure(axes, kernel.output / "figures" / "predictions.png")
kernel.finish(path.name, rows=len(sent), fell_back=fell_back)
