"""Metrics by name, as leaderboards compute them: one table, and the checks of what goes in."""

from common.metrics.table import METRICS, Metric, get, score

__all__ = ["METRICS", "Metric", "get", "score"]
