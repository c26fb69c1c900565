"""The only place that talks to Kaggle: `official` wraps its client, everything else here is built on that."""
