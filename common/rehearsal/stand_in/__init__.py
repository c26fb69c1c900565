"""A local stand-in for Kaggle: the official client, pointed at it, finds everything that it would find there.

`server.StandIn` runs it, `running` says what runs kernels, `faults` what goes wrong on request.
"""
