"""Texts as token ids: rules, words or subwords, a vocabulary, a cache, batches."""
