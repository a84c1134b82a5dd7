"""Cortex's files (cluster.yaml and API specs, v0.13 to v0.42) as a stack file of ours, and what has no match.

`python -m migrations.from_cortex cluster.yaml cortex.yaml > stacks/Pulumi.prod.yaml`
"""

from migrations.from_cortex.convert import Conversion, convert

__all__ = ["Conversion", "convert"]
