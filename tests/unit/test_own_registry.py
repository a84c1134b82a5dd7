"""The local registry, as Debian's docker-registry runs it: everybody pulls, only root's password pushes."""

import base64
import json
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from axon.images import own_registry
from axon.images.build import Builder, pushed
from axon.kubectl import wait_until
from axon.local_cluster import supervisor
from axon.local_cluster.processes import registries
from axon.machine import LocalSettings

needs_registry = pytest.mark.skipif(not shutil.which("docker-registry"), reason="no docker-registry here")
needs_buildah = pytest.mark.skipif(not shutil.which("buildah"), reason="no buildah here")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    made = LocalSettings(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        cache_dir=tmp_path / "cache",
        registry_port=free_port(),
        registry_push_port=free_port(),
    )
    (made.data_dir / "config").mkdir(parents=True)
    return made


@pytest.fixture
def served(settings: LocalSettings) -> Iterator[LocalSettings]:
    own_registry.write_config(settings)
    running = [
        subprocess.Popen(process.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for process in registries(settings)
    ]
    wait_until(lambda: own_registry.answers(settings), "the registry does not answer", settings.data_dir)
    yield settings
    for process in running:
        process.terminate()
        process.wait(10)


def statuses(host: str, auth: tuple[str, str] | None = None) -> dict[str, int]:
    """What a registry says to each request that would change it."""
    repository, digest = f"http://{host}/v2/axon/evil", f"sha256:{'0' * 64}"
    asked = {
        "upload": ("POST", f"{repository}/blobs/uploads/"),
        "mount": ("POST", f"{repository}/blobs/uploads/?mount={digest}&from=axon/iris"),
        "tag": ("PUT", f"{repository}/manifests/latest"),
        "delete": ("DELETE", f"{repository}/manifests/{digest}"),
        "delete a layer": ("DELETE", f"{repository}/blobs/{digest}"),
    }
    return {name: httpx.request(*words, auth=auth).status_code for name, words in asked.items()}


@needs_registry
def test_nobody_pushes_to_the_registry_that_images_are_named_after(served: LocalSettings) -> None:
    known = own_registry.password(served)
    assert known

    assert set(statuses(served.registry).values()) == {405}
    assert set(statuses(served.registry, (own_registry.USER, known)).values()) == {405}


@needs_registry
def test_only_who_has_the_password_pushes(served: LocalSettings) -> None:
    known = own_registry.password(served)
    assert known

    assert set(statuses(served.push_registry).values()) == {401}
    assert set(statuses(served.push_registry, (own_registry.USER, "local")).values()) == {401}
    assert statuses(served.push_registry, (own_registry.USER, known))["upload"] == 202


@needs_registry
@needs_buildah
def test_what_root_builds_everybody_pulls_by_the_name_that_pods_have(
    served: LocalSettings, tmp_path: Path
) -> None:
    image = f"{served.registry}/axon/iris:0123456789abcdef"
    (tmp_path / "context").mkdir()
    (tmp_path / "context/file").write_text("a model")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")
    assert not pushed(image)

    Builder(served).build(image, tmp_path / "context", tmp_path / "Dockerfile")

    assert pushed(image)
    base, accept = f"http://{served.registry}/v2/axon/iris", "application/vnd.oci.image.manifest.v1+json"
    answer = httpx.get(f"{base}/manifests/0123456789abcdef", headers={"accept": accept})
    by_digest = httpx.get(
        f"{base}/manifests/{answer.headers['docker-content-digest']}", headers={"accept": accept}
    )
    layer = answer.json()["layers"][0]["digest"]
    assert by_digest.json() == answer.json()
    assert httpx.get(f"{base}/blobs/{layer}").status_code == 200


def test_the_password_is_roots_alone_and_stays(settings: LocalSettings) -> None:
    own_registry.write_config(settings)
    before = own_registry.password(settings)
    own_registry.write_config(settings)

    assert before
    assert own_registry.password(settings) == before
    folder = own_registry.login_file(settings).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    for file in (settings.data_dir / "config").iterdir():
        assert before not in file.read_text()
    assert stat.S_IMODE((settings.cache_dir / "registry").stat().st_mode) == 0o700


@pytest.mark.parametrize("damaged", ["config.json", "htpasswd"])
@pytest.mark.parametrize("content", ["", "{", "axon:$2b$05$", json.dumps({"auths": {}})])
def test_half_a_password_is_made_anew(settings: LocalSettings, damaged: str, content: str) -> None:
    own_registry.write_config(settings)
    (own_registry.login_file(settings).parent / damaged).write_text(content)

    own_registry.write_config(settings)

    known = own_registry.password(settings)
    hashed = (own_registry.login_file(settings).parent / "htpasswd").read_text()
    assert known
    assert hashed.startswith(f"{own_registry.USER}:$2b$")
    login = json.loads(own_registry.login_file(settings).read_text())["auths"][settings.push_registry]
    assert base64.b64decode(login["auth"]).decode() == f"axon:{known}"


def test_another_registry_at_the_same_address_is_pushed_to_as_it_is_named(settings: LocalSettings) -> None:
    """Without a local cluster that was started here, localhost:5000 is the user's own registry."""
    image = f"{settings.registry}/axon/iris:1"

    assert own_registry.pushed_as(settings, image) == image
    own_registry.write_config(settings)
    assert own_registry.pushed_as(settings, image) == f"{settings.push_registry}/axon/iris:1"
    assert own_registry.pushed_as(settings, "ghcr.io/a/b:1") == "ghcr.io/a/b:1"
    own_registry.forget_password(settings)
    assert own_registry.pushed_as(settings, image) == image


def test_another_port_for_pulls_is_another_for_pushes() -> None:
    moved = LocalSettings(registry_port=5001)

    assert (moved.registry, moved.push_registry) == ("localhost:5001", "localhost:5002")


def test_the_read_only_instance_is_said_to_be_so_in_its_file(settings: LocalSettings) -> None:
    own_registry.write_config(settings)

    found = {p.name: yaml.safe_load(p.read_text()) for p in (settings.data_dir / "config").iterdir()}

    assert found["registry.yaml"]["storage"]["maintenance"]["readonly"]["enabled"] is True
    assert "htpasswd" in found["registry-push.yaml"]["auth"]
    assert {one["http"]["addr"].split(":")[0] for one in found.values()} == {"127.0.0.1"}


@needs_registry
def test_a_registry_that_runs_already_is_started_anew_with_another_configuration(
    settings: LocalSettings,
) -> None:
    """As when `axon cluster start` meets the open registry of an earlier version."""
    own_registry.write_config(settings)
    file = settings.data_dir / "config/registry.yaml"
    whole = file.read_text()
    open_to_all = yaml.safe_load(whole)
    del open_to_all["storage"]["maintenance"]
    file.write_text(yaml.safe_dump(open_to_all))
    first = registries(settings)
    supervisor.write(settings, first)
    supervisor.start(settings)
    try:
        wait_until(lambda: own_registry.answers(settings), "no answer", settings.data_dir)
        assert statuses(settings.registry)["upload"] == 202

        own_registry.write_config(settings)
        supervisor.write(settings, first)
        supervisor.start(settings, *(process.name for process in first))

        wait_until(lambda: own_registry.answers(settings), "no answer", settings.data_dir)
        assert file.read_text() == whole
        assert statuses(settings.registry)["upload"] == 405
    finally:
        supervisor.shutdown(settings)
