"""What the answers mean: functions on tables, without web, database, clock or files."""
