"""Steps after `make bootstrap`: keys of the stack files, the engine's stacks, GitHub's environments."""

from collections.abc import Iterator, Mapping

from axon.environments.protection import BRANCH
from stacks.settings.account import Kind, boundary_arn, job_environment, role_arn
from stacks.settings.aws.eks import EksCluster
from stacks.settings.bootstrap import Bootstrap

# Name of each role in a stack file, and its policy in the cluster: for a preview the engine only logs in.
_ACCESS: Mapping[Kind, tuple[str, str]] = {
    "deploy": ("deployments", "cluster-admin"),
    "preview": ("previews", "view"),
    "drift": ("drift", "admin-view"),
    "ephemeral": ("ephemeral", "cluster-admin"),
}
_WHO: Mapping[Kind, str] = {
    "deploy": f"`{BRANCH}` alone",
    "preview": "every branch of the repository, and no fork's",
    "drift": f"`{BRANCH}` alone",
    "ephemeral": "what a reviewer has approved",
}


def next_steps(settings: Bootstrap, clusters: Mapping[str, EksCluster]) -> str:
    """Return the remaining steps, as lines."""
    return "\n".join(_lines(settings, clusters))


def _lines(settings: Bootstrap, clusters: Mapping[str, EksCluster]) -> Iterator[str]:
    for environment, cluster in clusters.items():
        if keys := list(_keys(settings, environment, cluster)):
            yield f"stacks/Pulumi.{environment}.yaml lacks, below axon:cluster:"
            yield from (f"    {line}" for line in keys)
    yield "Each stack is made once, with the key of its secrets; commit what that adds to its file:"
    yield f"    pulumi login '{settings.backend}'"
    for environment in clusters:
        provider = settings.secrets_provider(environment)
        yield f"    pulumi stack init {environment} --secrets-provider '{provider}'"
    if settings.github:
        yield "GitHub's environments get the variables above. Who may use them, and so their roles:"
        for environment in clusters:
            for kind in kinds(settings, environment):
                yield f"    {job_environment(environment, kind)}: {_WHO[kind]}"


def kinds(settings: Bootstrap, environment: str) -> list[Kind]:
    """Return the kinds of roles that an environment has."""
    if settings.github is None:
        return []
    beside: list[Kind] = ["ephemeral"] if environment in settings.github.ephemeral else []
    return ["deploy", "preview", "drift", *beside]


def _keys(settings: Bootstrap, environment: str, cluster: EksCluster) -> Iterator[str]:
    """Yield the missing keys of an environment's stack file without which its roles do not work."""
    limit = boundary_arn(settings.account, cluster.name)
    if cluster.permissions_boundary != limit:
        yield f'permissions_boundary: "{limit}"'
    there = {(one.principal_arn, one.policy) for one in cluster.access.values()}
    missing = list[str]()
    for kind in kinds(settings, environment):
        (name, policy), arn = _ACCESS[kind], role_arn(settings.account, environment, kind)
        if (arn, policy) not in there:
            missing.append(f'  {name}: {{principal_arn: "{arn}", policy: {policy}}}')
    if missing:
        yield "access:"
        yield from missing
