"""Conversion of Cortex files (cluster.yaml and API specs, v0.13 to v0.42) into a stack file, with a report.

`python -m migrations.from_cortex cluster.yaml cortex.yaml > stacks/Pulumi.prod.yaml`
"""

from migrations.from_cortex.convert import Conversion, convert

__all__ = ["Conversion", "convert"]
