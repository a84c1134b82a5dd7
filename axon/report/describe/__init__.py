"""Findings about one kind of object each, in plain words."""
