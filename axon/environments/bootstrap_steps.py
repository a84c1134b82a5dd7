"""The steps after `make bootstrap`: keys of stack files, Pulumi stacks, GitHub environments."""

from collections.abc import Iterator, Mapping

from axon.environments.protection import BRANCH
from stacks.settings.account import Kind, boundary_arn, job_environment, role_arn
from stacks.settings.aws.eks import EksCluster
from stacks.settings.bootstrap import Bootstrap

# The key of each role in a stack file, and its access policy: a preview only logs in to the cluster.
_ACCESS: Mapping[Kind, tuple[str, str]] = {
    "deploy": ("deployments", "cluster-admin"),
    "preview": ("previews", "view"),
    "drift": ("drift", "admin-view"),
    "ephemeral": ("ephemeral", "cluster-admin"),
}
_USERS: Mapping[Kind, str] = {
    "deploy": f"`{BRANCH}` only",
    "preview": "all branches of the repository, no forks",
    "drift": f"`{BRANCH}` only",
    "ephemeral": "jobs that a reviewer has approved",
}


def next_steps(settings: Bootstrap, clusters: Mapping[str, EksCluster]) -> str:
    """Return the remaining steps as text."""
    return "\n".join(_lines(settings, clusters))


def _lines(settings: Bootstrap, clusters: Mapping[str, EksCluster]) -> Iterator[str]:
    for environment, cluster in clusters.items():
        if keys := list(_keys(settings, environment, cluster)):
            yield f"Add to stacks/Pulumi.{environment}.yaml, below axon:cluster:"
            yield from (f"    {line}" for line in keys)
    yield "Create each stack once, with the key for its secrets, and commit what that adds to its file:"
    yield f"    pulumi login '{settings.backend}'"
    for environment in clusters:
        provider = settings.secrets_provider(environment)
        yield f"    pulumi stack init {environment} --secrets-provider '{provider}'"
    if settings.github:
        yield "Set the variables above in GitHub's environments. Who can use them, and so their roles:"
        for environment in clusters:
            for kind in kinds(settings, environment):
                yield f"    {job_environment(environment, kind)}: {_USERS[kind]}"


def kinds(settings: Bootstrap, environment: str) -> list[Kind]:
    """Return the kinds of roles of an environment."""
    if settings.github is None:
        return []
    optional: list[Kind] = ["ephemeral"] if environment in settings.github.ephemeral else []
    return ["deploy", "preview", "drift", *optional]


def _keys(settings: Bootstrap, environment: str, cluster: EksCluster) -> Iterator[str]:
    """Yield the missing keys of an environment's stack file that its roles need."""
    limit = boundary_arn(settings.account, cluster.name)
    if cluster.permissions_boundary != limit:
        yield f'permissions_boundary: "{limit}"'
    entries = {(one.principal_arn, one.policy) for one in cluster.access.values()}
    missing = list[str]()
    for kind in kinds(settings, environment):
        (name, policy), arn = _ACCESS[kind], role_arn(settings.account, environment, kind)
        if (arn, policy) not in entries:
            missing.append(f'  {name}: {{principal_arn: "{arn}", policy: {policy}}}')
    if missing:
        yield "access:"
        yield from missing
