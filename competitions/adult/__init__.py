"""Adult: who earns 50,000 dollars a year or more, by the census of 1994, graded on this machine."""
