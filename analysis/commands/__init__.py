"""What each subcommand takes and does; files come and go through the handle of the command line."""
