"""Bag of Words Meets Bags of Popcorn: sentiment of film reviews."""
