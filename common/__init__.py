"""The library of the Kaggle competition solution kit; common/README.md is its map."""

__version__ = "0.2.0"
