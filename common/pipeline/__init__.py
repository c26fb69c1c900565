"""What makes a run: from a request to out-of-fold predictions, a submission and a record."""

from common.pipeline.request import Request
from common.pipeline.steps import run

__all__ = ["Request", "run"]
