"""Inside a running kernel: what it was asked for, what it runs on, what it leaves behind and shows."""
