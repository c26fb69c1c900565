"""The 37 breeds of the Oxford-IIIT Pet Dataset, graded on this machine."""
