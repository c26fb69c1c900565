"""Is it a bird? Pictures of one's own in folders, graded on this machine."""
