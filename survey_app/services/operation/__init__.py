"""The service itself: accounts, long work, what is deleted when, the demo."""
