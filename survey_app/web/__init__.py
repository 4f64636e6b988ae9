"""One blueprint per person at the door; a view opens a transaction, calls a service, renders."""
