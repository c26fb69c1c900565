"""Validation splits: one column of fold numbers, what must stay together in it, and where it leaks."""

from common.splits.folds import load_folds, make_folds, save_folds, train_and_valid

__all__ = ["load_folds", "make_folds", "save_folds", "train_and_valid"]
