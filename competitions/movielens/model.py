"""The models for ratings: those of `common.collab`."""

from __future__ import annotations

from common.collab import CollabModels, CollabTask
from competitions.movielens.competition import COMPETITION

MODELS = CollabModels(
    CollabTask.of(COMPETITION, user="userId", item="movieId", when="timestamp", labels="genres", title="title")
)
