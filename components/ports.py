"""The ports of a replica of axon's own runtime."""

HTTP_PORT = 8080
"""Predictions: the gateway's way in."""

MANAGEMENT_PORT, MANAGEMENT = 8081, "management"
"""Probes and metrics, and the name of that port. The gateway has no way to it."""
