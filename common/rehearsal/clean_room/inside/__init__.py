"""Files that are copied into the sandbox and run there: they cannot import anything of the kit."""
