"""Units, areas and years held against each other: differences, ranks, changes."""
