"""The Python language host."""
