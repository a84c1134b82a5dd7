"""Pulumi program for an AWS account: state of stacks, keys, roles for workflows and their boundary."""

import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

from components.boundary import Boundaries  # noqa: E402
from components.github_roles import GithubRoles  # noqa: E402
from components.state_store import StateStore  # noqa: E402
from stacks.settings.bootstrap_file import load_bootstrap  # noqa: E402

settings, clusters = load_bootstrap(Path(__file__).parent)
provider = aws.Provider("aws", region=settings.region, allowed_account_ids=[settings.account])
on_aws = pulumi.ResourceOptions(provider=provider)

store = StateStore("state", settings, opts=on_aws)
Boundaries("boundaries", clusters, settings.model_actions, opts=on_aws)

pulumi.export("secrets_providers", {name: settings.secrets_provider(name) for name in clusters})
if settings.github:
    roles = GithubRoles("github", settings.github, clusters, store=store, region=settings.region, opts=on_aws)
    # The variables of each GitHub environment, which `.github/workflows` reads.
    pulumi.export(
        "github",
        {
            name: {"AWS_ROLE": arn, "AWS_REGION": settings.region, "PULUMI_BACKEND_URL": settings.backend}
            | (
                {"CLUSTER": clusters[name.removesuffix("-ephemeral")].name}
                if name.endswith("-ephemeral")
                else {}
            )
            for name, arn in roles.arns.items()
        },
    )
