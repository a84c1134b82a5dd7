"""Ports of a replica of axon's own runtime."""

HTTP_PORT = 8080
"""Port of predictions, used by the gateway."""

MANAGEMENT_PORT, MANAGEMENT = 8081, "management"
"""Port of probes and metrics, and its name. The gateway cannot reach this port."""
