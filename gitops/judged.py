"""The policies, asked about a preview."""

from decimal import Decimal
from pathlib import Path

from gitops.costs import Cost
from gitops.preview import Change, Preview
from policies import POLICIES, Context, Resource, Violation, violations
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster

REGISTRIES = Path(__file__).parents[1] / "policies" / "registries.txt"


def judge(preview: Preview, settings: Stack | None, stack: str, cost: Cost | None) -> list[Violation]:
    """Return what the change does not keep. What stays as it is, is nobody's to mend in this change."""
    changed = [_resource(change) for change in preview.changed if change.custom]
    return violations(POLICIES, changed, context_of(settings, stack, cost)) if changed else []


def context_of(settings: Stack | None, stack: str, cost: Cost | None) -> Context:
    """Return what the policies may know of a stack."""
    cluster = settings.cluster if settings else None
    eks = cluster if isinstance(cluster, EksCluster) else None
    budget = Decimal(eks.budget.monthly_usd) if eks and eks.budget else None
    return Context(
        production=is_production(stack, eks),
        registries=_registries(settings),
        tls=bool(eks and eks.load_balancer.tls),
        budget=budget,
        cost=cost.low if cost else None,
    )


def is_production(stack: str, eks: EksCluster | None) -> bool:
    """Whether users depend on a stack: it says so by its name, or it is protected."""
    return "prod" in stack.replace("production", "prod").split("-") or bool(eks and eks.protected)


def _registries(settings: Stack | None) -> tuple[str, ...]:
    lines = (line.strip() for line in REGISTRIES.read_text().splitlines())
    allowed = [line.rstrip("/") for line in lines if line and not line.startswith("#")]
    own = (settings.images.registry, settings.images.mirror) if settings else ()
    return (*(name for name in own if name), *allowed)


def _resource(change: Change) -> Resource:
    op = "update" if change.op == "same" else change.op
    inputs = change.old if change.op == "delete" else change.new
    # By its parents' types alone: a name is what its author likes.
    of_platform = "axon:platform:" in change.urn.split("::")[2]
    return Resource(change.type, change.name, inputs, op, change.protected, of_platform)
