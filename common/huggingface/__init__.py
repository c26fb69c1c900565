"""Transformers: finding weights, tokenising, training with the Trainer."""
