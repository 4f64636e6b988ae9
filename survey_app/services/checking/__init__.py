"""What is doubted by rule when it arrives, and what people decide about it."""
