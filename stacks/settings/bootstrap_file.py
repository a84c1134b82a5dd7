"""Read the stack file of `bootstrap/`, and check it against the stack files of its environments."""

from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path as FilePath
from typing import Any

import pulumi
from pydantic import ValidationError

from stacks.settings.account import BOUNDARY, EPHEMERAL, GITHUB, PULL_REQUEST, STATE
from stacks.settings.aws.eks import EksCluster
from stacks.settings.base import Settings
from stacks.settings.bootstrap import Bootstrap
from stacks.settings.errors import Path, Problem, problems
from stacks.settings.loading import SettingsError, config_of, load_file, of_the_engine
from stacks.settings.source import Source, described, read_source


class _File(Settings):
    """Contents of the stack file: one key, since Pulumi would read a top-level account as a number."""

    bootstrap: Bootstrap
    """Resources that an AWS account has before its first stack."""


def load_bootstrap(folder: FilePath) -> tuple[Bootstrap, dict[str, EksCluster]]:
    """Return the running stack's settings, whose file is in `folder`, and each environment's cluster.

    Raises:
        SettingsError: with every problem, a line each: `file:line: path: what`.
    """
    file = folder / f"Pulumi.{pulumi.get_stack()}.yaml"
    return validated(*of_the_engine(read_source(file, f"{folder.name}/{file.name}")))


def load_bootstrap_file(file: FilePath) -> tuple[Bootstrap, dict[str, EksCluster]]:
    """Return the settings of a stack file and each environment's cluster, without the engine.

    Raises:
        SettingsError: as `load_bootstrap`; also when the file is not there.
    """
    source = read_source(file, f"{file.parent.name}/{file.name}")
    if not file.exists():
        raise SettingsError(f"{source.name}: no such stack file")
    return validated(config_of(file, source), source)


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
        found += _unfit(settings, clusters)
        if not found:
            return settings, clusters
    raise SettingsError(described(source, found))


def _cluster(environment: str) -> EksCluster | None:
    cluster = load_file(environment).cluster
    return cluster if isinstance(cluster, EksCluster) else None


def _unfit(settings: Bootstrap, clusters: Mapping[str, EksCluster]) -> Iterator[Problem]:
    for index, name in enumerate(settings.github.ephemeral if settings.github else ()):
        if name not in settings.environments:
            yield Problem(("bootstrap", "github", "ephemeral", index), f"{name} is not one of `environments`")
    for index, name in enumerate(settings.environments):
        path: Path = ("bootstrap", "environments", index)
        for message in (*_of_another(settings, name, clusters.get(name)), *_alike(name, clusters)):
            yield Problem(path, message)


def _of_another(settings: Bootstrap, name: str, cluster: EksCluster | None) -> Iterator[str]:
    if name.startswith(PULL_REQUEST):
        yield f"{name}: stacks called {PULL_REQUEST}… are those of pull requests"
    if cluster is None:
        yield f"{name} is not on AWS: it needs no role"
    elif cluster.account != settings.account:
        yield f"{name} is in another account, {cluster.account}"
    elif any(_begins(cluster.name, own) for own in (STATE, GITHUB, BOUNDARY, EPHEMERAL)):
        yield (
            f"{name}'s cluster is called {cluster.name}: its role could change {cluster.name}-…, "
            "which is the account's"
        )


def _alike(name: str, clusters: Mapping[str, EksCluster]) -> Iterator[str]:
    """Yield environments that this environment's permissions would cover too, since permissions match
    prefixes of names.
    """
    for one, other in permutations(clusters, 2):
        if one != name:
            continue
        if _begins(one, other):
            yield f"{other} begins with {one}-: the roles of {one} and {other} could not be told apart"
        first, second = clusters[one].name, clusters[other].name
        if _begins(first, second):
            yield f"{one}'s cluster is called {first}: its role could change {second}, which is {other}'s"


def _begins(name: str, other: str) -> bool:
    return f"{other}-".startswith(f"{name}-")
