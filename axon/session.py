"""The start of a command: the stack's settings, the tools, the cluster and the environment that it needs."""

import os

from axon import engine
from axon.aws_cli import check_aws
from axon.backend import check_backend
from axon.found import environment, found_cluster
from axon.images.build import docker_runs
from axon.images.publish import contexts_of_models
from axon.local_cluster import cluster
from axon.machine import LocalSettings
from axon.steps import console, run_steps
from axon.toolchain import charts
from axon.toolchain.apt import BUILDER, NODE, missing_packages
from axon.toolchain.builds import CLUSTER, PLATFORM, missing_builds
from axon.toolchain.go import missing_go
from axon.toolchain.pulumi_engine import engine_path, found_engine, missing_engine
from axon.training.trained import train_stale
from stacks.settings import Stack, load_file
from stacks.settings.aws.eks import EksCluster
from stacks.settings.cluster import Cluster, ExistingCluster

LOCAL = "local"


def load_stack(name: str) -> Stack:
    """Return a stack's settings, whose state is where it has to be.

    Raises:
        SettingsError: when the stack file is wrong.
        BackendError: when a stack on AWS would keep its state on this machine.
    """
    settings = load_file(name)
    check_backend(settings, name)
    return settings


def check_models(settings: Stack) -> None:
    """Train the models that a `train.py` makes, and check that every model's folder holds its model.

    Raises:
        StepFailed: when a training fails.
        ContentError: with a line for each model that is missing.
    """
    train_stale(settings)
    contexts_of_models(settings)


def ready(name: str) -> Stack:
    """Return a stack's settings once its tools, its cluster and the engine's stack are there."""
    settings = load_stack(name)
    check_models(settings)
    machine = LocalSettings()
    install_tools(machine, name)
    start_cluster(machine, name)
    use_environment(machine, settings)
    engine.select(name)
    return settings


def connected(name: str) -> Stack:
    """Return the settings of a stack that has been made, with the environment of its engine and cluster."""
    settings = load_stack(name)
    use_environment(LocalSettings(), settings)
    return settings


def use_environment(machine: LocalSettings, settings: Stack | None) -> None:
    """Let this process, and what it starts, find the engine, its state and the cluster."""
    os.environ.update(variables(machine, settings))


def variables(machine: LocalSettings, settings: Stack | None) -> dict[str, str]:
    """Return the environment of `pulumi` and `kubectl` for a stack, or for the machine without a stack."""
    on_aws = settings is not None and engine.on_aws(settings)
    local = not found_cluster(machine)
    return environment(machine, engine_path(machine), local_cluster=local, on_aws=on_aws)


def install_tools(machine: LocalSettings, name: str) -> None:
    """Find or make the engine, the cluster's binaries and the image builder.

    Raises:
        StepFailed: when a package cannot be had or a build fails.
    """
    found, with_docker = _cluster_in_words(machine, name), docker_runs()
    console.print(f"engine   {found_engine(machine) or 'built here from its Go module'}")
    console.print(f"cluster  {found or 'a local one of one node'}")
    console.print(f"images   {'docker' if with_docker else 'buildah'}")
    steps = [] if with_docker else missing_packages(machine, BUILDER)
    builds = missing_engine(machine)
    if not found:
        cluster.check_machine()
        steps = missing_packages(machine, NODE | ({} if with_docker else BUILDER))
        builds = missing_builds(machine, CLUSTER + PLATFORM) + builds + charts.missing_charts(machine)
    run_steps([*steps, *(missing_go(machine) if builds else []), *builds])
    if not found:
        charts.copy_charts(machine)


def start_cluster(machine: LocalSettings, name: str) -> None:
    """Start the local cluster, unless the stack has a cluster of its own or yours is the current context.

    Raises:
        StepFailed: when it does not start, or nobody is logged in to the stack's AWS account.
    """
    named = _named(name)
    if isinstance(named, EksCluster):
        console.print(f"AWS      as {check_aws(named)}")
    elif not named and not found_cluster(machine):
        cluster.start(machine)


def _cluster_in_words(machine: LocalSettings, name: str) -> str | None:
    """Return the cluster of a stack, in words, or None where the local one is needed."""
    named = _named(name)
    if isinstance(named, EksCluster):
        return "made on AWS by the stack"
    if named:
        return f"the one that the stack file names, {named.context or named.kubeconfig}"
    context = found_cluster(machine)
    return f"your current context, {context}" if context else None


def _named(name: str) -> Cluster | None:
    """Return the cluster that a stack file names, or None where the current context is meant."""
    # The tests' cluster is the local one even while the stack file `local` has an error.
    named = load_file(name).cluster if name != LOCAL else None
    here = isinstance(named, ExistingCluster) and not (named.context or named.kubeconfig)
    return None if here else named
