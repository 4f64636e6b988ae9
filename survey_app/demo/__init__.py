"""The demo waves: what was published, and answers reconstructed from it."""
