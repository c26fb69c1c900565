"""The commands of `kit`, a module for each group; `register` adds a group to the parser."""
