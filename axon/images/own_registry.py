"""Local registry: every user of the machine may pull, only root may push.

Two instances of Debian's docker-registry serve one folder. The instance in the images' names is read-only,
and requires no login of containerd. The other accepts pushes with a password that only root can read. One
instance cannot do both, since its `auth` applies to pulls as well.
"""

import base64
import ctypes
import json
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import yaml

from axon.files import private_folder, write_if_other, write_private
from axon.machine import LocalSettings
from axon.steps import StepFailed

USER = "axon"
# The password has 256 random bits: more bcrypt rounds, which each request costs, would add nothing.
_ROUNDS = 5


def write_config(settings: LocalSettings) -> None:
    """Write both instances' configuration, and a password unless a valid one exists."""
    _ensure_password(settings)
    # Next to the tools, so that built images outlive the cluster.
    folder = settings.data_dir / "config"
    storage = {"filesystem": {"rootdirectory": str(private_folder(settings.cache_dir / "registry"))}}
    read_only = {**storage, "maintenance": {"readonly": {"enabled": True}}}
    pushes = _instance(settings.push_registry, {**storage, "delete": {"enabled": True}})
    pushes["auth"] = {"htpasswd": {"realm": "axon", "path": str(_folder(settings) / "htpasswd")}}
    write_if_other(folder / "registry.yaml", yaml.safe_dump(_instance(settings.registry, read_only)))
    write_if_other(folder / "registry-push.yaml", yaml.safe_dump(pushes))


def _instance(host: str, storage: dict[str, Any]) -> dict[str, Any]:
    """Return an instance's configuration: https://distribution.github.io/distribution/about/configuration/."""
    return {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": storage,
        "http": {"addr": f"127.0.0.1:{host.rpartition(':')[2]}"},
    }


def answers(settings: LocalSettings) -> bool:
    """Return True if both instances respond, and the one for pushes requires a login."""
    statuses = {settings.registry: 200, settings.push_registry: 401}
    try:
        return all(
            httpx.get(f"http://{host}/v2/", timeout=2).status_code == status
            for host, status in statuses.items()
        )
    except httpx.HTTPError:
        return False


def login_file(settings: LocalSettings) -> Path:
    """Return the file with the password for pushes, in the format of docker and buildah."""
    return _folder(settings) / "config.json"


def pushed_as(settings: LocalSettings, image: str) -> str:
    """Return the name by which to push an image: with another port if the registry is the local one."""
    prefix = f"{settings.registry}/"
    ours = image.startswith(prefix) and login_file(settings).exists()
    return f"{settings.push_registry}/{image.removeprefix(prefix)}" if ours else image


def password(settings: LocalSettings) -> str | None:
    """Return the password for pushes, or None if there is none or its file is incomplete."""
    try:
        found = json.loads(login_file(settings).read_text())["auths"][settings.push_registry]["auth"]
        user, _, text = base64.b64decode(found, validate=True).decode().partition(":")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return text if user == USER and text else None


def log_docker_in(settings: LocalSettings) -> None:
    """Log Docker in for pushes. The password is never on a command line.

    Raises:
        StepFailed: if Docker rejects the password.
    """
    command = ["docker", "login", "--username", USER, "--password-stdin", settings.push_registry]
    run = subprocess.run(command, input=password(settings), capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"docker login {settings.push_registry}: {run.stderr.strip()}")


def forget_password(settings: LocalSettings) -> None:
    """Remove the password, after its registry has been stopped."""
    shutil.rmtree(_folder(settings), ignore_errors=True)


def _folder(settings: LocalSettings) -> Path:
    return settings.run_dir / "registry"


def _ensure_password(settings: LocalSettings) -> None:
    settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
    folder = private_folder(_folder(settings))
    hashed, known = folder / "htpasswd", password(settings)
    if known and hashed.exists():
        stored = hashed.read_text().strip().partition(":")[2]
        if stored and _crypt(known, stored) == stored:
            return
    made = secrets.token_urlsafe(32)
    encoded = base64.b64encode(f"{USER}:{made}".encode()).decode()
    write_private(hashed, f"{USER}:{_crypt(made, _salt())}\n")
    write_private(login_file(settings), json.dumps({"auths": {settings.push_registry: {"auth": encoded}}}))


def _salt() -> str:
    # bcrypt's own alphabet; the last character holds two bits, so only four are valid.
    alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    text = "".join(secrets.choice(alphabet) for _ in range(21)) + secrets.choice(".Oeu")
    return f"$2b${_ROUNDS:02}${text}"


def _crypt(text: str, salt: str) -> str:
    """Return a hash by the system's libcrypt, which supports bcrypt, the only form that docker-registry
    reads.
    """
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype, crypt.argtypes = ctypes.c_char_p, (ctypes.c_char_p, ctypes.c_char_p)
    return (crypt(text.encode(), salt.encode()) or b"").decode()
