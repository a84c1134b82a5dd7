"""Reasons why replicas are not ready."""
