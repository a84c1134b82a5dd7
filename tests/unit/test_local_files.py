"""Keys of the local cluster: whole at any moment, readable by root alone, made anew where damaged."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from axon.files import private_folder, write_if_other, write_private
from axon.local_cluster import pki
from axon.machine import LocalSettings


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(data_dir=tmp_path / "data", run_dir=tmp_path / "run", cache_dir=tmp_path / "cache")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0, 0o022])
def test_a_file_is_its_owners_from_its_first_byte(tmp_path: Path, umask: int) -> None:
    """Looked at when the first byte is written, by a program that is stopped there."""
    program = (
        "import os, sys; from pathlib import Path; from axon import files\n"
        f"os.umask({umask})\n"
        "real = os.fsync\n"
        "def fsync(handle):\n"
        "    [seen] = [entry for entry in os.scandir(sys.argv[1])]\n"
        "    print(seen.name, oct(seen.stat().st_mode & 0o777), seen.stat().st_size, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "os.fsync = fsync\n"
        "files.write_private(Path(sys.argv[1]) / 'key', b'secret')\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]

    run = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)

    assert run.returncode == -signal.SIGKILL, run.stderr
    name, seen, size = run.stdout.split()
    assert (seen, size) == ("0o600", "6")
    assert name != "key", "a kill here must leave the old file, or none"
    assert not (tmp_path / "key").exists()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    write_private(file, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(file, "new")

    assert file.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_the_same_text_is_not_written_anew_but_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "config"
    write_if_other(file, "a")
    before = file.stat().st_ino
    write_if_other(file, "a")
    assert file.stat().st_ino == before

    file.chmod(0o644)
    write_if_other(file, "a")

    assert mode(file) == 0o600


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    folder.mkdir(mode=0o755)

    assert mode(private_folder(folder)) == 0o700


@pytest.mark.parametrize(
    "name",
    ["ca.key", "ca.crt", "apiserver.key", "apiserver.crt", "service-account.key", "front-proxy-ca.crt"],
)
@pytest.mark.parametrize("damage", ["half", "empty", "missing", "another's"])
def test_what_a_kill_left_half_is_made_anew(settings: LocalSettings, name: str, damage: str) -> None:
    pki.ensure_keys(settings)
    folder = settings.data_dir / "pki"
    file = folder / name
    if damage == "missing":
        file.unlink()
    elif damage == "another's":
        other = "etcd" if name != "ca.key" else "etcd-ca"
        file.write_bytes((folder / f"{other}{file.suffix}").read_bytes())
    else:
        file.write_bytes(file.read_bytes()[: len(file.read_bytes()) // 2 if damage == "half" else 0])

    pki.ensure_keys(settings)

    assert_whole(settings)


def assert_whole(settings: LocalSettings) -> None:
    """Every certificate is of its key and of its authority; every key is a key that root alone can read."""
    folder = settings.data_dir / "pki"
    names = ["ca", "etcd-ca", "front-proxy-ca", *(identity.file for identity in pki.identities(settings))]
    for name in names:
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
        assert certificate.public_key() == key.public_key(), name
    for identity in pki.identities(settings):
        authority = x509.load_pem_x509_certificate((folder / f"{identity.authority}.crt").read_bytes())
        certificate = x509.load_pem_x509_certificate((folder / f"{identity.file}.crt").read_bytes())
        certificate.verify_directly_issued_by(authority)
    serialization.load_pem_private_key((folder / "service-account.key").read_bytes(), None)
    private = [*folder.iterdir(), *(settings.data_dir / "kubeconfig").iterdir()]
    assert {mode(file) for file in private} == {0o600}
    assert {mode(folder), mode(settings.data_dir / "kubeconfig")} == {0o700}


def test_keys_that_an_earlier_version_left_open_are_closed(settings: LocalSettings) -> None:
    pki.ensure_keys(settings)
    (settings.data_dir / "pki").chmod(0o755)
    (settings.data_dir / "pki/ca.key").chmod(0o644)
    (settings.data_dir / "kubeconfig/admin.yaml").chmod(0o644)
    before = (settings.data_dir / "pki/ca.crt").read_bytes()

    pki.ensure_keys(settings)

    assert (settings.data_dir / "pki/ca.crt").read_bytes() == before
    assert mode(settings.data_dir / "pki/ca.key") == 0o600
    assert mode(settings.data_dir / "kubeconfig/admin.yaml") == 0o600


@pytest.mark.parametrize("writes", [1, 2, 3, 7, 8, 20, 29])
def test_a_kill_at_any_write_leaves_what_the_next_start_makes_whole(
    settings: LocalSettings, writes: int
) -> None:
    program = (
        "import os; from axon.local_cluster import pki; from axon.machine import LocalSettings\n"
        "real, left = os.replace, [int(os.environ['WRITES'])]\n"
        "def replace(*names):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), 9)\n"
        "    real(*names)\n"
        "os.replace = replace\n"
        "pki.ensure_keys(LocalSettings())\n"
    )
    environment = {**os.environ, "AXON_LOCAL_DATA_DIR": str(settings.data_dir), "WRITES": str(writes)}
    command = [sys.executable, "-c", program]
    project = Path(__file__).parents[2]

    run = subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False)
    pki.ensure_keys(settings)

    assert run.returncode == -signal.SIGKILL, run.stderr
    assert_whole(settings)
