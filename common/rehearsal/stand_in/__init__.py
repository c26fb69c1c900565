"""A local stand-in for Kaggle: the official client, pointed at it, finds everything that it would find there.

`server.StandIn` runs it, `running` is what it asks of whatever runs kernels.
"""
