"""The only place that talks to Kaggle: the client seam, what is built on it, and the local stand-in."""
