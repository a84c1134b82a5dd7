"""What the machine has already: it comes before anything of ours."""

import json
import os
import pwd
from pathlib import Path

from local.kubernetes import kubectl
from local.settings import LocalSettings
from local.steps import StepFailed

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


def environment(settings: LocalSettings, engine_path: list[Path], *, local_cluster: bool) -> dict[str, str]:
    """Return what `pulumi` and `kubectl` need in their environment, where it is not chosen already."""
    venv = Path(__file__).parents[1] / ".venv" / "bin"
    path = [str(p) for p in (venv, *engine_path)]
    chosen: dict[str, str] = {
        "PATH": ":".join([*path, *(p for p in os.environ["PATH"].split(":") if p not in path)]),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_NEO": "false",
    }
    if local_cluster:
        chosen["KUBECONFIG"] = str(settings.kubeconfig)
    if not _logged_in():
        state = settings.state_dir / "pulumi"
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        chosen["PULUMI_BACKEND_URL"] = f"file://{state}"
    if not any(f"PULUMI_CONFIG_PASSPHRASE{end}" in os.environ for end in ("", "_FILE")):
        # The local stack holds no secret; stacks that do choose a passphrase or a KMS key.
        chosen["PULUMI_CONFIG_PASSPHRASE"] = "local"
    return chosen


def pulumi_home() -> Path:
    """Return the engine's own folder; it goes by the user database, not by `$HOME`.

    https://www.pulumi.com/docs/iac/cli/environment-variables/
    """
    home = pwd.getpwuid(os.getuid()).pw_dir
    return Path(os.environ.get("PULUMI_HOME") or Path(home) / ".pulumi")


def _logged_in() -> bool:
    if "PULUMI_BACKEND_URL" in os.environ or "PULUMI_ACCESS_TOKEN" in os.environ:
        return True
    try:
        return bool(json.loads((pulumi_home() / "credentials.json").read_text()).get("current"))
    except (OSError, json.JSONDecodeError):
        return False
