"""Before fieldwork: how large a sample, how it is allotted to strata, and its seeded draw."""
