"""What a change must not bring: one list of checks over the planned resources of a preview.

They are plain functions, not a policy pack: a pack needs the engine's analyzer plugin, which a bare machine
lacks, and these run wherever a preview does. docs/policies.md says of each what it means and how to comply.
"""

from policies.catalog import POLICIES
from policies.check import Context, Level, Policy, Resource, Violation, violations

__all__ = ["POLICIES", "Context", "Level", "Policy", "Resource", "Violation", "violations"]
