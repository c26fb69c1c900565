"""Data Science Bowl 2018: nuclei in pictures of microscopes."""
