"""The reasons why replicas are not ready."""
