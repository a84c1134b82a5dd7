"""Stack files and their schema."""
