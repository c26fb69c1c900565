"""Inside a running kernel: its settings, its machine and its outputs."""
