"""Policy checks of a preview: with the policies of the base branch, and with those of this commit."""

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


def policy_violations(
    preview: Preview, settings: Stack | None, stack: str, cost: Cost | None, base: Base | None = None
) -> list[Violation]:
    """Return the policies that a change violates. Unchanged resources are not checked.

    Raises:
        GitError: when the policies of the base branch cannot be run.
    """
    changed = [_resource(change) for change in preview.changed if change.custom]
    if not changed:
        return []
    context = context_of(settings, stack, cost, base)
    both = [
        *(base.check(changed, context) if base and base.files else []),
        *violations(POLICIES, changed, context),
    ]
    unique = {(v.policy.name, v.subject, v.message): v for v in reversed(both)}  # the base's level counts
    return sorted(unique.values(), key=lambda v: (v.level == "advisory", v.policy.name, v.subject))


def base_for_update(base: str, stack: str, settings: Stack) -> Base | None:
    """Return the base commit whose policies check an update.

    Without one only the policies of this commit check it, except in production.

    Raises:
        GitError: when a production stack has no base commit.
    """
    commit = read_base(base, stack)
    if commit is None and is_production(stack, _eks(settings)):
        raise GitError(
            f"{base}: no such branch or commit; updates of {stack} need its policies (try BASE=origin/main)"
        )
    return commit


def line_of(violation: Violation) -> str:
    """Return a violation as one line: level, resource, reason, policy and fix, without secrets."""
    policy, message = violation.policy, str(masked(violation.message))
    level = "blocked" if violation.level == "mandatory" else "advice"
    return f"{level}: {violation.subject}: {message} ({policy.name}). {policy.fix}"


def context_of(settings: Stack | None, stack: str, cost: Cost | None, base: Base | None = None) -> Context:
    """Return the facts about a stack for the policies; those that loosen a policy come from the base."""
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
    """Whether a stack is a production stack: by its name, or because it is protected."""
    return "prod" in stack.replace("production", "prod").split("-") or bool(eks and eks.protected)


def _eks(settings: Stack | None) -> EksCluster | None:
    cluster = settings.cluster if settings else None
    return cluster if isinstance(cluster, EksCluster) else None


def _binding(base: Base | None, cost: Cost | None) -> list[EksCluster | None]:
    """Return the base's cluster if the change costs more: such a change cannot raise its own budget."""
    earlier = cost_of(base.settings) if base and base.settings else None
    return [_eks(base.settings)] if base and earlier and cost and cost.low > earlier.low else []


def _registries(settings: Stack | None, base: Base | None) -> tuple[str, ...]:
    of_base = base.files.get(REGISTRIES) if base else None
    text = project_file(REGISTRIES).read_text() if of_base is None else of_base
    lines = (line.strip() for line in text.splitlines())
    allowed = [line.rstrip("/") for line in lines if line and not line.startswith("#")]
    source = base.settings if base and base.settings else settings
    own = (source.images.registry, source.images.mirror, *source.images.mirrors.values()) if source else ()
    return (*(name for name in own if name), *allowed)


def _resource(change: Change) -> Resource:
    op = "update" if change.op == "same" else change.op
    inputs = change.old if change.op == "delete" else change.new
    # By the types of its parents only: a name can be chosen freely.
    of_platform = "axon:platform:" in change.urn.split("::")[2]
    return Resource(change.type, change.name, inputs, op, change.protected, of_platform)
