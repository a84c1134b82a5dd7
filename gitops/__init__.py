"""Stacks by pull request: what a change would do, what it would cost, and whether it may be.

A package of its own, beside `components/` and `local/` (a decision): it runs in CI, reads what the engine
and git say, and neither the program nor the local cluster needs it.
"""
