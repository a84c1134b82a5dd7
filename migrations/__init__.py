"""Conversions of what other platforms deploy into stack files."""
