"""The library of the kit. It knows no competition by name, and importing it costs nothing."""
