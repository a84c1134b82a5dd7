"""Topology spread of an add-on's replicas."""

from collections.abc import Mapping
from typing import Any


def spread(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return constraints that spread pods with these labels over zones and nodes."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
