"""Inside a running kernel: what it was asked for, what it runs on, and what it leaves behind."""
