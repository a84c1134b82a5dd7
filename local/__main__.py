"""`python -m local COMMAND`: the tools, the cluster and the images of this machine."""

import argparse
import os
import shlex
import sys
from pathlib import Path

import pulumi

from local import charts, cluster
from local.aws import check_aws
from local.backend import BackendError, check_backend
from local.explain import explain
from local.fit import check_fit
from local.found import environment, found_cluster
from local.images import docker_runs
from local.predict import predict
from local.publish import contexts_of_models, missing_images, publish
from local.push_model import push_model
from local.registry import ON_AWS, ecr_region, fill_cache, make_all_but_models
from local.removal import check_removable
from local.settings import LocalSettings
from local.size import check_size
from local.steps import StepFailed, console, run_steps
from local.toolbox.apt import BUILDER, NODE, missing_packages
from local.toolbox.builds import CLUSTER, PLATFORM, missing_builds
from local.toolbox.engine import engine_path, found_engine, missing_engine
from local.toolbox.go import missing_go
from local.train import forget, train
from local.training import trained
from predictor_images import repositories_of
from stacks.settings import SettingsError, Stack, load_file
from stacks.settings.aws.eks import EksCluster
from stacks.settings.cluster import Cluster, ExistingCluster


def _tools(settings: LocalSettings, arguments: argparse.Namespace) -> None:
    """Find or make the engine, the cluster's binaries and the image builder."""
    engine, found = found_engine(settings), _cluster(settings, arguments.stack)
    console.print(f"engine   {engine or 'built here from its Go module'}")
    console.print(f"cluster  {found or 'a local one of one node'}")
    console.print(f"images   {'docker' if docker_runs() else 'buildah'}")
    steps = [] if docker_runs() else missing_packages(settings, BUILDER)
    builds = missing_engine(settings)
    if not found:
        cluster.check_machine()
        steps = missing_packages(settings, NODE | ({} if docker_runs() else BUILDER))
        builds = missing_builds(settings, CLUSTER + PLATFORM) + builds + charts.missing_charts(settings)
    run_steps([*steps, *(missing_go(settings) if builds else []), *builds])
    if not found:
        charts.copy_charts(settings)


def _cluster(settings: LocalSettings, stack: str) -> str | None:
    """Return the cluster that a stack has, in words, or None where the local one is needed."""
    named = _named(stack)
    if isinstance(named, EksCluster):
        return "made on AWS by the stack"
    if named:
        return f"the one that the stack file names, {named.context or named.kubeconfig}"
    context = found_cluster(settings)
    return f"your current context, {context}" if context else None


def _named(stack: str) -> Cluster | None:
    """Return the cluster of a stack that says which, or None where the current context is meant."""
    # The tests' cluster is the local one whatever is wrong with a stack file.
    cluster = load_file(stack).cluster if stack != "local" else None
    here = isinstance(cluster, ExistingCluster) and not (cluster.context or cluster.kubeconfig)
    return None if here else cluster


def _start(settings: LocalSettings, arguments: argparse.Namespace) -> None:
    """Start the local cluster, unless the stack has a cluster of its own or yours is the current context."""
    named = _named(arguments.stack)
    if isinstance(named, EksCluster):
        console.print(f"AWS      as {check_aws(named)}")
    elif not named and not found_cluster(settings):
        cluster.start(settings)


def _stop(settings: LocalSettings, _: argparse.Namespace) -> None:
    """Stop the local cluster; its data stays."""
    cluster.stop(settings)


def _delete(settings: LocalSettings, _: argparse.Namespace) -> None:
    """Stop the local cluster and remove its data."""
    cluster.delete(settings)


def _status(settings: LocalSettings, _: argparse.Namespace) -> None:
    """Show the state of the local cluster and of each of its processes."""
    states = cluster.status(settings)
    for name, state in states.items():
        console.print(f"{name:24} {state}")
    if states["cluster"] != "ready":
        raise SystemExit(1)


def _logs(settings: LocalSettings, arguments: argparse.Namespace) -> None:
    """Print the end of a process's log."""
    folder = settings.data_dir / "logs"
    file = folder / f"{arguments.name}.log"
    if not file.exists():
        have = ", ".join(sorted(f.stem for f in folder.glob("*.log"))) or "none: nothing was started"
        raise StepFailed(f"no log of {arguments.name} (have: {have})")
    os.execvp("tail", ["tail", "-n", "200", *(["-f"] if arguments.follow else []), str(file)])


def _env(settings: LocalSettings, arguments: argparse.Namespace) -> None:
    """Print the environment that pulumi and kubectl need for a stack, for `eval`."""
    on_aws = arguments.stack is not None and isinstance(_loaded(arguments.stack).cluster, EksCluster)
    found = not found_cluster(settings)
    variables = environment(settings, engine_path(settings), local_cluster=found, on_aws=on_aws)
    variables["AXON_REFRESH"] = "--refresh" if on_aws else ""
    variables["AXON_UP"] = " ".join(ON_AWS) if on_aws else ""
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _loaded(name: str) -> Stack:
    """Return a stack's settings, whose state is where it has to be."""
    stack = load_file(name)
    check_backend(stack, name)
    return stack


def _images(settings: LocalSettings, arguments: argparse.Namespace) -> None:
    """Build and push the images of a stack that its registry lacks."""
    stack = _loaded(arguments.stack)
    registry = stack.images.registry or ""
    if isinstance(stack.cluster, EksCluster) and stack.cluster.image_cache:
        fill_cache(stack.cluster, stack.images)
    if ecr_region(registry) and missing_images(stack):
        make_all_but_models(arguments.stack, registry, repositories_of(stack))
    publish(settings, stack)


def _check(settings: LocalSettings, arguments: argparse.Namespace) -> None:
    """Check a stack file without the engine."""
    load_file(arguments.stack)
    if found_engine(settings):
        check_size(arguments.stack)


def _trained(_: LocalSettings, arguments: argparse.Namespace) -> None:
    """Print a file for each predictor of a stack that has a train.py, for `make` to bring up to date."""
    print(" ".join(trained(load_file(arguments.stack))))


def _fit(_: LocalSettings, arguments: argparse.Namespace) -> None:
    """Check that each model fits on a node of a cluster that is there."""
    check_fit(load_file(arguments.stack))


def _models(_: LocalSettings, arguments: argparse.Namespace) -> None:
    """Check that each model's folder holds its model, before anything is built."""
    contexts_of_models(load_file(arguments.stack))


def _train(_: LocalSettings, arguments: argparse.Namespace) -> None:
    """Run the train.py of a predictor's folder."""
    train(Path(arguments.folder).resolve())


def _forget(_: LocalSettings, __: argparse.Namespace) -> None:
    """Remove what every train.py of the project made."""
    forget()


def _push_model(_: LocalSettings, arguments: argparse.Namespace) -> None:
    """Upload a model to the stack's bucket, and print its URL and checksum."""
    if not arguments.path:
        raise StepFailed("MODEL is missing: make push-model MODEL=predictors/churn/model.joblib")
    push_model(_loaded(arguments.stack), arguments.stack, Path(arguments.path), arguments.to)


def _removable(_: LocalSettings, arguments: argparse.Namespace) -> None:
    """Print what removing a stack removes, and refuse it where it is protected or not confirmed."""
    check_removable(_loaded(arguments.stack), arguments.stack, confirmed=arguments.confirm)


def _explain(_: LocalSettings, arguments: argparse.Namespace) -> None:
    """Say why replicas of a stack are not ready."""
    explain(load_file(arguments.stack))


def _predict(_: LocalSettings, arguments: argparse.Namespace) -> None:
    """Send each model, or the one named, its predictor's sample."""
    stack = _loaded(arguments.stack)
    predict(stack, arguments.stack, [arguments.model] if arguments.model else list(stack.models))


# What has to do with the machine alone, and with no stack.
_OF_THE_MACHINE = (_stop, _delete, _status, _logs, _train, _forget)
_OF_A_STACK = (
    _env,
    _tools,
    _start,
    _check,
    _models,
    _trained,
    _fit,
    _removable,
    _images,
    _explain,
    _predict,
    _push_model,
)
_COMMANDS = (*_OF_THE_MACHINE, *_OF_A_STACK)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run in _COMMANDS:
        command = commands.add_parser(run.__name__.strip("_").replace("_", "-"), help=run.__doc__)
        command.set_defaults(run=run)
        if run is _logs:
            command.add_argument("name", help="a process, as `status` names it")
            command.add_argument("-f", "--follow", action="store_true")
        if run not in _OF_THE_MACHINE:
            # The environment of no stack is that of the machine: for tests, and for what makes accounts.
            command.add_argument("--stack", default=None if run is _env else "local")
        if run is _train:
            command.add_argument("folder", help="such as predictors/iris")
        if run is _push_model:
            command.add_argument("path", help="a file or a folder")
            command.add_argument("--to", default="", help="s3://bucket/prefix; default: the stack's bucket")
        if run is _removable:
            command.add_argument("--confirm", default="", help="the stack's name, where that is asked for")
        if run is _predict:
            command.add_argument("model", nargs="?")
    return parser


def main() -> None:
    """Run one command; what a user can mend is one message, not a traceback."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    arguments = _parser().parse_args()
    try:
        arguments.run(LocalSettings(), arguments)
    except (StepFailed, SettingsError, BackendError, pulumi.RunError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
