"""Where the engine keeps a stack's state, and what a stack on AWS asks of that.

Without its state, the next `up` of a stack on AWS would make a second cluster: it has to be where the next
person and the next machine find it, with secrets that only the account's key opens.
"""

import json
import os
import pwd
from collections.abc import Mapping
from pathlib import Path

import yaml

from axon.errors import UserError
from stacks.settings import Stack
from stacks.settings.account import STATE, key_alias
from stacks.settings.aws.eks import EksCluster
from stacks.settings.loading import STACKS

LOCAL_PASSPHRASE = "local"
_KNOWN = ("", LOCAL_PASSPHRASE)
_PASSPHRASE, _PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
_CLOUD = "https://api.pulumi.com"
# What more than one machine reaches: https://www.pulumi.com/docs/iac/concepts/state-and-backends/
_SHARED = ("https", "http", "s3", "gs", "azblob", "postgres", "postgresql")


class BackendError(UserError):
    """A stack on AWS would have a state that nobody else finds, or that everybody can read. One line."""


def backend(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return where the engine keeps state, as its user chose it; None where nothing is chosen."""
    if url := environ.get("PULUMI_BACKEND_URL"):
        return url
    try:
        current = json.loads((pulumi_home(environ) / "credentials.json").read_text()).get("current")
    except (OSError, ValueError, AttributeError):
        current = None
    return str(current) if current else _CLOUD if environ.get("PULUMI_ACCESS_TOKEN") else None


def pulumi_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the engine's own folder; it goes by the user database, not by `$HOME`.

    https://www.pulumi.com/docs/iac/cli/environment-variables/
    """
    return Path(environ.get("PULUMI_HOME") or Path(pwd.getpwuid(os.getuid()).pw_dir) / ".pulumi")


def check_backend(stack: Stack, name: str, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse to read or change the state of a stack on AWS in a folder, or with a passphrase that is known.

    Raises:
        BackendError: with how to log in, or how to give the stack a key.
    """
    if not isinstance(stack.cluster, EksCluster):
        return
    account, region = stack.cluster.account, stack.cluster.region
    url = backend(environ)
    if url is None or url.partition(":")[0].lower() not in _SHARED:
        raise BackendError(
            f"{name} is on AWS, and its state would be in a folder of this machine: log in first, "
            f"`pulumi login 's3://{STATE}-{account}-{region}?region={region}'` or PULUMI_BACKEND_URL "
            "(`make bootstrap` makes the bucket)"
        )
    if not url.startswith("http") and not _has_key(name) and _passphrase(environ) in _KNOWN:
        raise BackendError(
            f"{name} is on AWS, and everybody knows the passphrase of its secrets: unset {_PASSPHRASE}, and "
            f"`pulumi stack init {name} --secrets-provider 'awskms://{key_alias(name)}?region={region}'` "
            "(`make bootstrap` makes the key)"
        )


def passphrase_is_chosen(environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether the user has set a passphrase, or a file of one."""
    return _PASSPHRASE in environ or _PASSPHRASE_FILE in environ


def _passphrase(environ: Mapping[str, str]) -> str | None:
    """Return the passphrase that the engine would take; None where it would refuse to go on without one."""
    if _PASSPHRASE in environ:
        return environ[_PASSPHRASE]
    try:
        return Path(environ[_PASSPHRASE_FILE]).read_text().strip()
    except (KeyError, OSError):
        return None


def _has_key(name: str) -> bool:
    """Say whether a stack's file names a key of a cloud for its secrets, so that no passphrase is used."""
    try:
        content = yaml.safe_load((STACKS / f"Pulumi.{name}.yaml").read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return False
    provider = str(content.get("secretsprovider") or "") if isinstance(content, dict) else ""
    return provider not in ("", "passphrase", "default")
