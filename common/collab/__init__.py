"""Ratings solved out of the box: what a user makes of an item, from what users made of items before.

    from common.collab.settings import profiles      # in competition.py: profiles=profiles()
    from common.collab import CollabModels, CollabTask  # in model.py

    MODELS = CollabModels(CollabTask.of(COMPETITION, user="userId", item="movieId", when="timestamp"))

task      what is rated by whom, and what is known of an item beside its ratings
settings  the profiles' settings, with the reason for each
models    what the profiles stand for
ratings   rows as numbers: users and items by their place among those that are known
biases    the baseline: how kind a user is, how well liked an item
factors   what users and items have in common; tastes: what a user's other ratings say of an item, by kernels
features  all that is known of a rating, which boosted trees (best) make one number of
course    fastai's `collab_learner`

A user or an item that no training row has gets the biases' answer.
"""

from common.collab.models import CollabModels
from common.collab.task import CollabTask

__all__ = ["CollabModels", "CollabTask"]
