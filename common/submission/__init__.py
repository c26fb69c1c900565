"""Submissions: made from predictions, written atomically, checked against the sample submission, graded against labels."""

from common.submission.checks import Problem, validate
from common.submission.checks.sample import read_sample
from common.submission.writing import cells, make, write

__all__ = ["Problem", "cells", "make", "read_sample", "validate", "write"]
