"""Metrics by name, as leaderboards compute them: one table, and the checks of what goes in."""

from common.metrics.metric import Metric, PredictionKind
from common.metrics.table import METRICS, get, named, register, score

__all__ = ["METRICS", "Metric", "PredictionKind", "get", "named", "register", "score"]
