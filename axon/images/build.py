"""Build images and push them to a registry, unless it has them already."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from axon.images import own_registry
from axon.images.ecr import ecr_password, ecr_region
from axon.images.platforms import foreign, parts_of, platform_words
from axon.machine import LocalSettings
from axon.steps import StepFailed, run_logged, timed
from predictor_images.content import EPOCH

_MANIFESTS = ", ".join(
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Builder:
    """Docker if its engine runs, otherwise buildah, which needs no daemon."""

    settings: LocalSettings

    def build(
        self, image: str, folder: Path, dockerfile: Path, arguments: Mapping[str, str] | None = None
    ) -> None:
        """Build an image from a folder and push it."""
        self.make(image, folder, dockerfile, arguments)
        self.push(image)

    def make(
        self,
        image: str,
        folder: Path,
        dockerfile: Path,
        arguments: Mapping[str, str] | None = None,
        architectures: Sequence[str] = (),
    ) -> None:
        """Build an image from a folder, for each of these architectures. It stays on this machine."""
        words = [word for k, v in (arguments or {}).items() for word in ("--build-arg", f"{k}={v}")]
        docker = docker_runs()
        self._log_in(image, docker=docker)  # its base image is there too
        command = ["docker", "build", "--provenance=false"] if docker else self._buildah("build", image)
        for architecture, part in parts_of(image, architectures).items():
            places = [*platform_words(architecture), "-t", part, "-f", dockerfile, folder]
            try:
                run_logged([*command, *words, *places], self._log)
            except StepFailed as error:
                raise foreign(architecture, error) from None

    def push(self, image: str, architectures: Sequence[str] = ()) -> None:
        """Push an image that was built here; of several architectures each part, then their index."""
        docker = docker_runs()
        self._log_in(image, docker=docker)
        parts = list(parts_of(image, architectures).values())
        for part in parts:
            # A tag in ECR never changes, so a part from an interrupted push is used.
            for push in [] if len(parts) > 1 and pushed(part) else self._pushes(part, docker=docker):
                run_logged(push, self._log)
        for index in self._index(image, parts, docker=docker) if len(parts) > 1 else ():
            run_logged(index, self._log)

    def _index(self, image: str, parts: Sequence[str], *, docker: bool) -> list[list[str]]:
        """Return the commands that push an index of the parts that a registry has."""
        if docker:
            return [
                ["docker", "manifest", "create", image, *parts],
                ["docker", "manifest", "push", "--purge", image],
            ]
        manifest, login = self.buildah("manifest"), ["--authfile", str(self._login)]
        return [
            [*manifest, "create", image],
            *([*manifest, "add", *login, image, f"docker://{part}"] for part in parts),
            [*manifest, "push", "--all", *login, image, f"docker://{image}"],
            [*manifest, "rm", image],
        ]

    def _pushes(self, image: str, *, docker: bool) -> list[list[str]]:
        """Return the commands that push an image, under a separate name if the registry is the local one."""
        place = own_registry.pushed_as(self.settings, image)
        if docker:
            return [*([["docker", "tag", image, place]] if place != image else []), ["docker", "push", place]]
        login = [] if place == image else ["--authfile", str(own_registry.login_file(self.settings))]
        return [[*self._buildah("push", image), *login, image, f"docker://{place}"]]

    @property
    def _log(self) -> Path:
        return self.settings.cache_dir / "logs" / "images.log"

    def buildah(self, verb: str) -> list[str]:
        """Return buildah's command, with this machine's image store."""
        data, run = self.settings.data_dir / "buildah", self.settings.run_dir / "buildah"
        return ["buildah", "--root", str(data), "--runroot", str(run), verb]

    def _buildah(self, verb: str, image: str) -> list[str]:
        command = self.buildah(verb)
        if _on_this_machine(image):  # there a registry needs no TLS; any other must have it
            command.append("--tls-verify=false")
        if ecr_region(image):
            command += ["--authfile", str(self._login)]
        if verb == "build":
            command += ["--isolation", "chroot", "--format", "oci", "--layers", *_certificates()]
        return command

    @property
    def _login(self) -> Path:
        return self.settings.run_dir / "registry-login.json"

    def _log_in(self, image: str, *, docker: bool) -> None:
        """Log in if a registry requires it. The password is never on a command line."""
        if docker and own_registry.pushed_as(self.settings, image) != image:
            own_registry.log_docker_in(self.settings)
        region = ecr_region(image)
        if region is None:
            return
        self._login.parent.mkdir(parents=True, exist_ok=True)
        tool = ["docker", "login"] if docker else ["buildah", "login", "--authfile", str(self._login)]
        host = image.split("/", 1)[0]
        run = subprocess.run(
            [*tool, "--username", "AWS", "--password-stdin", host],
            input=ecr_password(region),
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise StepFailed(f"{tool[0]} login {host}: {run.stderr.strip()}")


def _certificates() -> list[str]:
    """Return the mounts by which a build trusts this machine's certificates, such as that of a company's
    proxy.
    """
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    return ["--volume", f"{bundle}:{bundle}:ro"] if bundle.exists() else []


def _on_this_machine(image: str) -> bool:
    return image.split("/", 1)[0].rsplit(":", 1)[0] in _LOOPBACK


def docker_runs() -> bool:
    """Return True if a Docker engine responds."""
    if shutil.which("docker") is None:
        return False
    info = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=20)
    return info.returncode == 0


def pushed(image: str) -> bool:
    """Return True if a registry has an image.

    Raises:
        StepFailed: if the registry does not respond.
    """
    repository, tag = image.rsplit(":", 1)
    host, path = repository.split("/", 1)
    scheme = "http" if _on_this_machine(image) else "https"
    region = ecr_region(image)
    try:
        answer = httpx.head(
            f"{scheme}://{host}/v2/{path}/manifests/{tag}",
            headers={"Accept": _MANIFESTS},
            # https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html#registry_auth_http
            auth=("AWS", ecr_password(region)) if region else None,
            timeout=10,
        )
    except httpx.HTTPError as error:
        raise StepFailed(f"the registry {host} does not answer: {error}") from None
    return answer.status_code == 200


def push_binary(
    settings: LocalSettings, image: str, binary: Path, target: str, *, libraries: bool = False
) -> None:
    """Push an image with one program, which runs as a non-root user.

    `libraries` adds the shared libraries that the program needs.
    """
    if pushed(image):
        return
    with timed(f"image {image}"), tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        for source, place in [(binary, target), *(_libraries(binary) if libraries else [])]:
            destination = root / place.lstrip("/")
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, destination)
            destination.chmod(0o755)
        (root / "tmp").mkdir(exist_ok=True)
        (root / "tmp").chmod(0o1777)
        dockerfile = Path(folder) / "Dockerfile"
        dockerfile.write_text(
            "FROM scratch\nCOPY root /\n"
            f"ENV PATH={os.path.dirname(target)}\nUSER 65532:65532\n"
            f'ENTRYPOINT ["{target}"]\n'
        )
        Builder(settings).build(image, Path(folder), dockerfile)


def _libraries(binary: Path) -> list[tuple[Path, str]]:
    output = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    paths = [word for line in output.splitlines() for word in line.split() if word.startswith("/")]
    return [(Path(path), path) for path in paths]


def push_base(settings: LocalSettings, image: str) -> None:
    """Push the base image of predictor images: Debian 12 with its own Python 3.11."""
    if pushed(image):
        return
    with timed(f"image {image}"), tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        log = settings.cache_dir / "logs" / "base-image.log"
        packages = "--include=python3,python3-venv,ca-certificates,libgomp1"
        command = ["mmdebstrap", "--variant=minbase", packages, *_archive(settings.debian_snapshot, archive)]
        run_logged(command, log, env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)})
        dockerfile = Path(folder) / "Dockerfile"
        dockerfile.write_text("FROM scratch\nADD base.tar /\n")
        Builder(settings).build(image, Path(folder), dockerfile)


def _archive(snapshot: str, target: Path) -> list[str | Path]:
    """Return the package sources for mmdebstrap: a snapshot of Debian, or the machine's own sources."""
    if not snapshot:
        return ["bookworm", target]
    # The signature of a snapshot has expired: https://snapshot.debian.org/
    old, base = "[check-valid-until=no]", "http://snapshot.debian.org/archive"
    return [
        "bookworm",
        target,
        f"deb {old} {base}/debian/{snapshot} bookworm main",
        f"deb {old} {base}/debian-security/{snapshot} bookworm-security main",
    ]
