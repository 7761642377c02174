"""Looking at a run, and saying what is wrong with it."""
