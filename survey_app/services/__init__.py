"""What can be done: verbs with rules; they take a session and never commit."""
