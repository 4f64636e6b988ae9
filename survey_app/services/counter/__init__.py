"""At the counter: links and their codes, kiosks, and how many came for how many dossiers."""
