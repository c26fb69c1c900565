"""Sample data made from a competition's description, in Kaggle's file layout."""

from common.samples.maker import Maker

__all__ = ["Maker"]
