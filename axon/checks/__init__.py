"""Checks before a stack is changed or removed."""
