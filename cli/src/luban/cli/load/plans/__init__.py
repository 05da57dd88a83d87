"""A plan's way through the cycle, one module for each of its steps."""
