"""Who adds up: rows in memory, DuckDB or PostgreSQL, and totals that were stored before."""
