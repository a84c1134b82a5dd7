"""What an AWS account has before any stack is in it: where state is kept, its key, roles for workflows."""

import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

from components.github_roles import GithubRoles  # noqa: E402
from components.state_store import StateStore  # noqa: E402
from stacks.settings.bootstrap import load_bootstrap  # noqa: E402

settings, clusters = load_bootstrap(Path(__file__).parent)
provider = aws.Provider("aws", region=settings.region, allowed_account_ids=[settings.account])
on_aws = pulumi.ResourceOptions(provider=provider)

store = StateStore("state", settings, opts=on_aws)
roles = GithubRoles(
    "github",
    settings.repository,
    clusters,
    store=store,
    ephemeral=settings.ephemeral,
    provider=settings.github_provider,
    opts=on_aws,
)

pulumi.export("secrets_provider", settings.secrets_provider)
# The variables of each of GitHub's environments, which `.github/workflows` reads.
pulumi.export(
    "github",
    {
        name: {"AWS_ROLE": arn, "AWS_REGION": settings.region, "PULUMI_BACKEND_URL": settings.backend}
        | ({"CLUSTER": clusters[name.removesuffix("-ephemeral")].name} if name.endswith("-ephemeral") else {})
        for name, arn in roles.arns.items()
    },
)
