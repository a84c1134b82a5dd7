"""Tools, found or made."""
