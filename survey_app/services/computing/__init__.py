"""From responses to figures: the data of a wave, Runs, and how they are read."""
