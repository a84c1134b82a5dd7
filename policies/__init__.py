"""Policies: checks of the planned resources of a preview.

They are plain functions, not a policy pack: a pack needs Pulumi's analyzer plugin, which a bare machine
lacks, and these run wherever a preview does. docs/policies.md explains each policy and how to comply with it.
"""

from policies.catalog import POLICIES
from policies.check import Context, Level, Policy, Resource, Violation, violations

__all__ = ["POLICIES", "Context", "Level", "Policy", "Resource", "Violation", "violations"]
