# %% [markdown]
# # How reviews go on: a language model
#
# Who can tell how a review goes on has understood something of it. That needs no labels, so a network can learn it from all
# 100,000 reviews, those to predict among them, before it hears of a single opinion (Howard and Ruder, *Universal Language
# Model Fine-tuning for Text Classification*, 2018). It starts as a language model of Wikipedia where those
# weights can be had.
#
# This notebook makes the **encoder**; *IMDb: sentiment* puts a classifier on top of it.

# %%
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd

from common import data, pipeline, registry, show
from common.session.kernel import Kernel

kernel = Kernel.begin("imdb_language_model")
competition = kernel.competition
# A profile without a language model is served with the course's.
stages = kernel.config.stages
profile, config = (kernel.profile, kernel.config) if stages else ("course", competition.profile("course"))
stage = config.stages[0]
kernel.require(disk=8e9 if profile == "course" else 1e9)

# %% [markdown]
# ## The reviews

# %%
frames = data.read(competition, kernel.data)
tables = {"labelled": frames.training, "to predict": frames.test, **frames.extra}
words = {name: frame["review"].str.count(r"\S+") for name, frame in tables.items()}
rows = [(name, len(count), int(count.median()), int(count.max())) for name, count in words.items()]
show.table(pd.DataFrame(rows, columns=["reviews", "rows", "words in the median", "words at most"]))
show.table(frames.training.head(5))

# %%
axes = show.axes("Words in a review", "words", "reviews")
axes.hist(pd.concat(list(words.values())).clip(upper=1000), bins=50)
show.figure(axes, kernel.output / "figures" / "words.png")

# %% [markdown]
# ## Training
#
# Reviews become words by the course's rules: lower case with a mark for capitals, rare words as one. They are
# laid end to end, cut into 128 strands, and read side by side, 80 words at a time; the state goes on from batch to batch. A
# tenth of the reviews is kept for measuring: **accuracy** is how often the next word is the likeliest one, **perplexity**
# among how many equally likely words the model hesitates.

# %%
request = replace(kernel.request(), profile=profile, config=config, stage=stage)
run = pipeline.run(request)
epochs = pd.DataFrame(run.record.stages[stage]["epochs"])
show.table(epochs, f"After each epoch ({run.record.outcome})")

# %%
axes = show.axes("Perplexity", "epoch", "words")
axes.plot(epochs["epoch"], epochs["perplexity"], marker="o")
axes.set_xticks(epochs["epoch"])
show.figure(axes, kernel.output / "figures" / "perplexity.png")

# %% [markdown]
# ## What has it learnt?
#
# Nobody has told it grammar, or what a film is. Whether it knows can be read.

# %%
models = registry.models(competition.name)
context = request.context("generate", run.folder)
for seed in range(3):
    start = "I liked this movie because"
    print("-", models.generate(start, config, context, words=40, temperature=0.75, seed=seed), "\n")

# %% [markdown]
# ## What goes out
#
# The encoder with its vocabulary; every file's checksum is in its record, so that a damaged or mixed-up copy is
# refused.

# %%
encoder = kernel.output / "encoder"
shutil.rmtree(encoder, ignore_errors=True)
shutil.copytree(run.folder / "encoder", encoder)
names = sorted(Path(path).relative_to(kernel.output).as_posix() for path in encoder.iterdir())
perplexity = float(epochs["perplexity"].iloc[-1]) if len(epochs) else None
kernel.finish(*names, stage=stage, status=run.record.outcome, perplexity=perplexity)
