"""Languages: translations and who confirmed them, and questions that are spoken."""
