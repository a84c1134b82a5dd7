"""Tools that are built from their own Go modules, pinned in `axon/toolchain/modules/*/go.mod`."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from axon.machine import LocalSettings
from axon.steps import Step, StepFailed, run_logged
from axon.toolchain.go import go_command

TOOLS = Path(__file__).parent / "modules"


@dataclass(frozen=True)
class Build:
    """One binary: the module that pins it, its package, and its build time by itself on two cores."""

    name: str
    module: str
    package: str
    seconds: int


# In sequence, so that each reuses the compiled packages that it shares with the previous one.
BUILDS = [
    Build("kube", "kubernetes", "./kube", 360),
    Build("etcd", "kubernetes", "go.etcd.io/etcd/server/v3", 20),
    Build("pause", "kubernetes", "./pause", 2),
    Build("coredns", "kubernetes", "./coredns", 30),
    Build("metrics-server", "kubernetes", "sigs.k8s.io/metrics-server/cmd/metrics-server", 20),
    Build("envoy-gateway", "kubernetes", "github.com/envoyproxy/gateway/cmd/envoy-gateway", 150),
    Build("keda", "keda", "github.com/kedacore/keda/v2/cmd/operator", 240),
    Build("keda-adapter", "keda", "github.com/kedacore/keda/v2/cmd/adapter", 60),
    Build("prometheus", "prometheus", "github.com/prometheus/prometheus/cmd/prometheus", 240),
    Build("pulumi", "pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", 240),
    Build("pulumi-resource-kubernetes", "provider", "./pulumi-resource-kubernetes", 480),
]
ENGINE = ("pulumi", "pulumi-resource-kubernetes")
CLUSTER = ("kube", "etcd", "pause", "coredns")
PLATFORM = ("metrics-server", "envoy-gateway", "keda", "keda-adapter", "prometheus")


def binary(settings: LocalSettings, name: str) -> Path:
    """Return the path of a built tool, even before it is built."""
    build = next(b for b in BUILDS if b.name == name)
    return settings.cache_dir / "tools" / f"{build.module}-{_pins(build.module)}" / name


def missing_builds(settings: LocalSettings, names: tuple[str, ...]) -> list[Step]:
    """Return the steps that build tools missing in the cache."""
    return [
        Step(f"build {b.name}", b.seconds, lambda b=b: _build(settings, b))
        for b in BUILDS
        if b.name in names and not binary(settings, b.name).exists()
    ]


def module_folder(settings: LocalSettings, module: str, dependency: str) -> Path:
    """Return the source folder of a module that `axon/toolchain/modules/<module>` requires."""
    command = [go_command(settings), "list", "-m", "-f", "{{.Dir}}", dependency]
    run = subprocess.run(
        command,
        cwd=TOOLS / module,
        env=_environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode or not run.stdout.strip():
        raise StepFailed(f"cannot find the module {dependency}: {run.stderr.strip()}")
    return Path(run.stdout.strip())


def required_version(module: str, dependency: str) -> str:
    """Return the version of a dependency in `axon/toolchain/modules/<module>/go.mod`."""
    found = re.search(rf"^\s*{re.escape(dependency)} (v\S+)", (TOOLS / module / "go.mod").read_text(), re.M)
    if found is None:
        raise KeyError(dependency)
    return found[1]


def _build(settings: LocalSettings, build: Build) -> None:
    target = binary(settings, build.name)
    with _locked(settings.cache_dir / "build.lock"):
        if target.exists():  # another checkout has just built it
            return
        if build.module == "provider":
            _provider_files(settings)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        command = [
            go_command(settings),
            "build",
            "-trimpath",
            "-ldflags",
            _ldflags(),
            "-o",
            partial,
        ]
        log = settings.cache_dir / "logs" / f"build-{build.name}.log"
        run_logged([*command, build.package], log, cwd=TOOLS / build.module, env=_environment(settings))
        partial.rename(target)


def _provider_files(settings: LocalSettings) -> None:
    """Copy the files that the provider's own build embeds: its schema and its map of Terraform's names."""
    _download(settings, "provider")
    source = module_folder(settings, "provider", "github.com/pulumi/pulumi-kubernetes/provider/v4")
    for name in ("schema.json", "terraform-mapping.json"):
        target = TOOLS / "provider" / "pulumi-resource-kubernetes" / name
        shutil.copyfile(source / "cmd/pulumi-resource-kubernetes" / name, target)


def _download(settings: LocalSettings, module: str) -> None:
    log = settings.cache_dir / "logs" / f"download-{module}.log"
    command = [go_command(settings), "mod", "download"]
    run_logged(command, log, cwd=TOOLS / module, env=_environment(settings))


def _environment(settings: LocalSettings) -> dict[str, str]:
    # Static binaries: they run in images that hold nothing else.
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-buildvcs=false -mod=readonly",
        "GOWORK": "off",
    }


def _ldflags() -> str:
    kubernetes = required_version("kubernetes", "k8s.io/kubernetes")
    major, minor = kubernetes.removeprefix("v").split(".")[:2]
    engine = required_version("pulumi", "github.com/pulumi/pulumi/pkg/v3").removeprefix("v")
    stamp = "-X k8s.io/component-base/version"
    return " ".join(
        [
            "-s -w",
            f"{stamp}.gitVersion={kubernetes} {stamp}.gitMajor={major} {stamp}.gitMinor={minor}",
            f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={engine}",
            f"-X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version={sdk_version()}",
        ]
    )


def sdk_version() -> str:
    """Return the version of the installed Kubernetes SDK, which the provider must report as its own."""
    return version("pulumi-kubernetes")


def _pins(module: str) -> str:
    """Return the hash of all inputs of a module's binaries."""
    folder = TOOLS / module
    total = hashlib.sha256(_ldflags().encode())
    for file in sorted(f for f in folder.rglob("*") if f.suffix in (".mod", ".sum", ".go")):
        total.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return total.hexdigest()[:12]


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a lock, so that only one checkout builds at a time: two would compile the same packages twice."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
