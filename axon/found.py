"""What the machine has already: it comes before anything of ours."""

import json
import os
import sysconfig
from pathlib import Path

from axon.backend import LOCAL_PASSPHRASE, backend, passphrase_is_chosen
from axon.backend import pulumi_home as pulumi_home
from axon.kubectl import kubectl
from axon.machine import LocalSettings
from axon.steps import StepFailed

# The oldest minor version whose API has all that the components use: `sleep` in preStop, on by default.
NEEDED = (1, 30)


def found_cluster(settings: LocalSettings) -> str | None:
    """Return the name of the current context, if its cluster answers and is not the local one."""
    configured = os.environ.get("KUBECONFIG")
    if configured == str(settings.kubeconfig):
        return None
    if not configured and not (Path.home() / ".kube" / "config").exists():
        return None
    try:
        answer = json.loads(kubectl(None, "version", "-o", "json", "--request-timeout=5s"))
        context = kubectl(None, "config", "current-context").strip()
    except (StepFailed, json.JSONDecodeError):
        return None
    version = answer.get("serverVersion", {})
    minor = "".join(c for c in version.get("minor", "0") if c.isdigit())
    return context if (int(version.get("major", "0")), int(minor)) >= NEEDED else None


def environment(
    settings: LocalSettings, engine_path: list[Path], *, local_cluster: bool, on_aws: bool = False
) -> dict[str, str]:
    """Return what `pulumi` and `kubectl` need in their environment, where it is not chosen already.

    A stack on AWS gets neither the local state folder nor the passphrase that everybody knows.
    """
    path = [sysconfig.get_path("scripts"), *map(str, engine_path)]
    chosen: dict[str, str] = {
        "PATH": ":".join([*path, *(p for p in os.environ["PATH"].split(":") if p not in path)]),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_NEO": "false",
    }
    if local_cluster:
        chosen["KUBECONFIG"] = str(settings.kubeconfig)
    if on_aws:
        return chosen
    if backend() is None:
        state = settings.state_dir / "pulumi"
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        chosen["PULUMI_BACKEND_URL"] = f"file://{state}"
    if not passphrase_is_chosen():
        # The local stack holds no secret; stacks that do choose a passphrase or a KMS key.
        chosen["PULUMI_CONFIG_PASSPHRASE"] = LOCAL_PASSPHRASE
    return chosen
