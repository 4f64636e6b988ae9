"""One-time codes: invited officials and receipts of dossiers, and the mixing that hides both."""
