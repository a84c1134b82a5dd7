"""Monthly cost of a stack, from AWS' list prices."""
