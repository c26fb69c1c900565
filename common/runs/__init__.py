"""What a run is: its folder, its out-of-fold predictions, the ledger, and blends of several."""

from common.runs.run import Run

__all__ = ["Run"]
