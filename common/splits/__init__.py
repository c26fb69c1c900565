"""Validation splits: one column of fold numbers, groups that stay together, and a check for leaks."""

from common.splits.folds import groups_of, make_folds, save_folds, train_and_valid

__all__ = ["groups_of", "make_folds", "save_folds", "train_and_valid"]
