"""Inside a running kernel: its settings, its machine, its outputs, its tables and figures."""
