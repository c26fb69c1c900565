"""MovieLens: what a viewer gives a film, graded on this machine."""
