"""Objects in, bytes out: what can be downloaded."""
