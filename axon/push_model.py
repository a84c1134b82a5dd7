"""Upload a model for replicas to fetch: its content is in its key, so that none is ever replaced in place."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.store import GCSStore, S3Store

from axon.steps import StepFailed, console, timed
from predictor_images.content import digest_of, files_of, refuse_pointer
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster
from stacks.settings.project import PROJECT

_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "GOOGLE_BASE_URL")


def push_model(stack: Stack, name: str, path: Path, to: str = "") -> str:
    """Upload a file or a folder, print the lines for the stack file, and return its URL.

    It goes to `to` (`s3://bucket/prefix` or `gs://…`), else to the bucket that a stack on EKS has.

    Raises:
        StepFailed: when there is no such file, no bucket, or the bucket refuses it.
    """
    if not path.exists():
        raise StepFailed(f"{path}: no such file or folder")
    files = files_of(path, str(path)) if path.is_dir() else {path.name: path}
    if path.is_dir() and not files:
        raise StepFailed(f"{path}: an empty folder")
    if not path.is_dir():
        refuse_pointer(path, str(path))
    url = f"{to.rstrip('/') or _bucket_of(stack, name)}/{_place(path, files)}"
    with timed(f"push {path} to {url}"):
        _upload(url, files, region=stack.cluster.region if isinstance(stack.cluster, EksCluster) else None)
    return _say(url, path)


def _place(path: Path, files: dict[str, Path]) -> str:
    """Return the key of a model: what it is called, and a hash of its content."""
    digest = digest_of(files)[:16]
    if path.is_dir():
        return f"{path.resolve().name}/{digest}/"
    return f"{path.resolve().parent.name}/{digest}/{path.name}"


def _say(url: str, path: Path) -> str:
    console.print(f'model: "{url}"')
    if path.is_file():
        with path.open("rb") as file:
            console.print(f'sha256: "{hashlib.file_digest(file, "sha256").hexdigest()}"')
    return url


def _bucket_of(stack: Stack, name: str) -> str:
    """Return where the models of a stack are kept: the bucket that it has on AWS."""
    if not isinstance(stack.cluster, EksCluster):
        raise StepFailed(f"the stack {name} has no bucket of its own: say where, TO=s3://bucket/prefix")
    command = ["pulumi", "stack", "output", "model_store", "--stack", name]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(
            f"the stack {name} has no bucket yet (`axon up --stack {name}`): {run.stderr.strip()}"
        )
    return f"s3://{run.stdout.strip()}"


def _upload(url: str, files: dict[str, Path], *, region: str | None) -> None:
    parts = urlsplit(url)
    store = _store(parts.scheme, parts.netloc, region)
    key = parts.path.lstrip("/")
    try:
        for place, file in files.items():
            obstore.put(store, f"{key}{place}" if key.endswith("/") else key, file)
    except (obstore.exceptions.BaseError, FileNotFoundError) as error:
        raise StepFailed(f"{url}: {str(error).splitlines()[0]}") from None


def _store(scheme: str, bucket: str, region: str | None) -> Any:
    http = any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS)
    if scheme == "gs" and bucket:
        return GCSStore(bucket, client_options={"allow_http": http})
    if scheme != "s3" or not bucket:
        raise StepFailed(f"TO must be s3://bucket/prefix or gs://bucket/prefix, not {scheme}://{bucket}")
    config: Any = {**({"region": region} if region else {}), **_aws_keys()}
    return S3Store(bucket, config=config, client_options={"allow_http": http})


def _aws_keys() -> dict[str, str]:
    """Return the keys of a login such as `aws sso login`; none where obstore finds them itself."""
    if "AWS_ACCESS_KEY_ID" in os.environ or shutil.which("aws") is None:
        return {}
    command = ["aws", "configure", "export-credentials", "--format", "process"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"no AWS credentials that work (try `aws sso login`): {run.stderr.strip()}")
    found = json.loads(run.stdout)
    names = {
        "aws_access_key_id": "AccessKeyId",
        "aws_secret_access_key": "SecretAccessKey",
        "aws_session_token": "SessionToken",
    }
    return {key: found[name] for key, name in names.items() if found.get(name)}
