"""Conversions of other platforms' deployments into stack files."""
