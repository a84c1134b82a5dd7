"""The settings of `bootstrap/`: what an AWS account has before any stack of axon is in it."""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any

import pulumi
from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.units import AccountId, IamArn, Region, no_duplicates
from stacks.settings.base import Settings
from stacks.settings.errors import Path, Problem, problems
from stacks.settings.loading import SettingsError, config_of, load_file, of_the_engine
from stacks.settings.source import Source, described, read_source
from stacks.settings.units import DnsLabel

# What the names of what belongs to the account begin with: of its bucket and key, of its roles, and of the
# repositories that ECR makes for what a pull request's own stack pushes.
STATE, GITHUB, EPHEMERAL = "axon-state", "axon-github", "axon-ephemeral"
KEY_ALIAS = f"alias/{STATE}"
# https://docs.github.com/en/rest/repos/repos: of an owner and of a repository.
Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$")]


class Bootstrap(Settings):
    """What an AWS account has before any stack is in it: state, its key, and roles for workflows."""

    account: AccountId
    """The AWS account. With the credentials of another nothing is done."""

    region: Region
    """Where the state is kept."""

    repository: Repository
    """The repository on GitHub whose workflows may take the roles: `owner/name`."""

    environments: Annotated[list[DnsLabel], AfterValidator(no_duplicates)] = Field(min_length=1)
    """The stacks of this account that workflows preview and deploy, as their stack files are called."""

    ephemeral: Annotated[list[DnsLabel], AfterValidator(no_duplicates)] = Field(default_factory=list[str])
    """Those beside which pull requests may have stacks of their own, on the same cluster."""

    github_provider: IamArn | None = None
    """GitHub's OIDC provider, if the account has it already: it can have one alone. Unset: it is made."""

    @property
    def bucket(self) -> str:
        """The bucket of the state: a name that others can write down before it is there."""
        return f"{STATE}-{self.account}-{self.region}"

    @property
    def backend(self) -> str:
        """What `pulumi login` takes."""
        return f"s3://{self.bucket}?region={self.region}"

    @property
    def secrets_provider(self) -> str:
        """What `pulumi stack init --secrets-provider` takes."""
        return f"awskms://{KEY_ALIAS}?region={self.region}"


class _File(Settings):
    """What the stack file says: under one key, since the engine would take a lone account for a number."""

    bootstrap: Bootstrap
    """What an AWS account has before any stack is in it."""


def load_bootstrap(folder: FilePath) -> tuple[Bootstrap, dict[str, EksCluster]]:
    """Return the running stack's settings, whose file is in `folder`, and each environment's cluster.

    Raises:
        SettingsError: with every problem, a line each: `file:line: path: what`.
    """
    file = folder / f"Pulumi.{pulumi.get_stack()}.yaml"
    return validated(*of_the_engine(read_source(file, f"{folder.name}/{file.name}")))


def load_bootstrap_file(file: FilePath) -> Bootstrap:
    """Return the settings of a stack file, without the engine.

    Raises:
        SettingsError: as `load_bootstrap`; also when the file is not there.
    """
    source = read_source(file, f"{file.parent.name}/{file.name}")
    if not file.exists():
        raise SettingsError(f"{source.name}: no such stack file")
    return validated(config_of(file, source), source)[0]


def validated(raw: Mapping[str, Any], source: Source) -> tuple[Bootstrap, dict[str, EksCluster]]:
    """Check the settings of a stack file.

    Raises:
        SettingsError: as `load_bootstrap`.
    """
    if source.problems:
        raise SettingsError(described(source, source.problems))
    found, clusters = list[Problem](), dict[str, EksCluster]()
    try:
        settings = _File.model_validate(raw).bootstrap
    except ValidationError as error:
        found += problems(error, _File)
    else:
        clusters = {name: c for name in settings.environments if (c := _cluster(name))}
        found += _elsewhere(settings, clusters)
        if not found:
            return settings, clusters
    raise SettingsError(described(source, found))


def _cluster(environment: str) -> EksCluster | None:
    cluster = load_file(environment).cluster
    return cluster if isinstance(cluster, EksCluster) else None


def _elsewhere(settings: Bootstrap, clusters: Mapping[str, EksCluster]) -> Iterator[Problem]:
    for index, name in enumerate(settings.ephemeral):
        if name not in settings.environments:
            yield Problem(("bootstrap", "ephemeral", index), f"{name} is not one of `environments`")
    for index, name in enumerate(settings.environments):
        path: Path = ("bootstrap", "environments", index)
        cluster = clusters.get(name)
        if cluster is None:
            yield Problem(path, f"{name} is not on AWS: it needs no role")
        elif cluster.account != settings.account:
            yield Problem(path, f"{name} is in another account, {cluster.account}")
        elif any(f"{own}-".startswith(f"{cluster.name}-") for own in (STATE, GITHUB, EPHEMERAL)):
            message = f"{name}'s cluster is called {cluster.name}: its role could change {cluster.name}-…"
            yield Problem(path, f"{message}, which is the account's")
