"""Search for settings: parameters and their ranges, trials, and what the choice is worth."""
