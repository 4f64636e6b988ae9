"""What is asked, and how it is scored: definitions as data, and their meaning."""
