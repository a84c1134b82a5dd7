"""The policies, asked about a preview: those of the base branch, and those that are here."""

from decimal import Decimal

from axon.cost.costs import Cost, cost_of
from axon.redact import masked
from axon.report.base_branch import REGISTRIES, Base, read_base
from axon.report.preview import Change, Preview
from axon.stack_file import GitError
from policies import POLICIES, Context, Resource, Violation, violations
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster
from stacks.settings.project import project_file


def judge(
    preview: Preview, settings: Stack | None, stack: str, cost: Cost | None, base: Base | None = None
) -> list[Violation]:
    """Return what the change does not keep. What stays as it is, is nobody's to mend in this change.

    Raises:
        GitError: when the base's policies give no answer.
    """
    changed = [_resource(change) for change in preview.changed if change.custom]
    if not changed:
        return []
    context = context_of(settings, stack, cost, base)
    found = [
        *(base.judge(changed, context) if base and base.files else []),
        *violations(POLICIES, changed, context),
    ]
    unique = {(v.policy.name, v.subject, v.message): v for v in reversed(found)}  # the base's word counts
    return sorted(unique.values(), key=lambda v: (v.level == "advisory", v.policy.name, v.subject))


def judging(base: str, stack: str, settings: Stack) -> Base | None:
    """Return the base that judges what `up` would change.

    Raises:
        GitError: in production, where there is none: a stack elsewhere is judged by the policies here.
    """
    found = read_base(base, stack)
    if found is None and is_production(stack, _eks(settings)):
        raise GitError(f"git knows no {base}, whose policies judge {stack} (BASE=origin/main names another)")
    return found


def line_of(violation: Violation) -> str:
    """Return a violation as a line: what, where, why and how to mend it, without secrets."""
    policy, said = violation.policy, str(masked(violation.message))
    refused = "refused" if violation.level == "mandatory" else "advice"
    return f"{refused}: {violation.subject}: {said} ({policy.name}). {policy.fix}"


def context_of(settings: Stack | None, stack: str, cost: Cost | None, base: Base | None = None) -> Context:
    """Return what the policies may know of a stack: what loosens them, as the base has it."""
    eks, before = _eks(settings), _eks(base.settings if base else None)
    budgets = [one.budget.monthly_usd for one in (eks, *_binding(base, cost)) if one and one.budget]
    return Context(
        production=is_production(stack, eks) or is_production(stack, before),
        registries=_registries(settings, base),
        tls=bool(eks and eks.load_balancer.tls),
        budget=min((Decimal(most) for most in budgets), default=None),
        cost=cost.low if cost else None,
    )


def is_production(stack: str, eks: EksCluster | None) -> bool:
    """Whether users depend on a stack: it says so by its name, or it is protected."""
    return "prod" in stack.replace("production", "prod").split("-") or bool(eks and eks.protected)


def _eks(settings: Stack | None) -> EksCluster | None:
    cluster = settings.cluster if settings else None
    return cluster if isinstance(cluster, EksCluster) else None


def _binding(base: Base | None, cost: Cost | None) -> list[EksCluster | None]:
    """Return the base's cluster where the change costs more: it cannot raise its own budget."""
    earlier = cost_of(base.settings) if base and base.settings else None
    return [_eks(base.settings)] if base and earlier and cost and cost.low > earlier.low else []


def _registries(settings: Stack | None, base: Base | None) -> tuple[str, ...]:
    of_base = base.files.get(REGISTRIES) if base else None
    text = project_file(REGISTRIES).read_text() if of_base is None else of_base
    lines = (line.strip() for line in text.splitlines())
    allowed = [line.rstrip("/") for line in lines if line and not line.startswith("#")]
    whose = base.settings if base and base.settings else settings
    own = (whose.images.registry, whose.images.mirror, *whose.images.mirrors.values()) if whose else ()
    return (*(name for name in own if name), *allowed)


def _resource(change: Change) -> Resource:
    op = "update" if change.op == "same" else change.op
    inputs = change.old if change.op == "delete" else change.new
    # By its parents' types alone: a name is what its author likes.
    of_platform = "axon:platform:" in change.urn.split("::")[2]
    return Resource(change.type, change.name, inputs, op, change.protected, of_platform)
