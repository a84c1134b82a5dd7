"""What a stack on AWS needs of this machine: the AWS CLI, logged in to the stack's account."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from axon.errors import UserError
from axon.steps import StepFailed
from stacks.settings.aws.eks import EksCluster


class AwsError(UserError):
    """The AWS CLI gave no answer. Its text is the operation and what it said."""

    def __init__(self, words: Sequence[str], said: str) -> None:
        self.operation, self.said = " ".join(words[:2]), said
        super().__init__(f"aws {self.operation}: {said}")


def ask_aws(region: str, *words: str) -> Any:
    """Return the answer of the AWS CLI to an operation, such as `eks describe-cluster --name …`.

    Raises:
        AwsError: when AWS refuses, or the CLI is not there.
    """
    command = ["aws", *words, "--region", region, "--output", "json"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        said = f"aws: {error.strerror} (the AWS CLI, version 2, must be on PATH)"
        raise AwsError(words, said) from None
    if run.returncode:
        raise AwsError(words, run.stderr.strip())
    return json.loads(run.stdout or "{}")


def check_aws(cluster: EksCluster) -> str:
    """Return who is logged in.

    pulumi-eks and the kubeconfig call `aws eks get-token`.

    Raises:
        StepFailed: without the AWS CLI, without credentials, with those of another account, or with those of
            somebody whom the cluster does not let in.
    """
    if shutil.which("aws") is None:
        raise StepFailed("the AWS CLI (2.x) is not on PATH: logging in to EKS and ECR needs it")
    command = ["aws", "sts", "get-caller-identity", "--output", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"no AWS credentials that work (try `aws sso login`): {run.stderr.strip()}")
    identity = json.loads(run.stdout)
    if identity["Account"] != cluster.account:
        raise StepFailed(
            f"you are logged in to AWS account {identity['Account']}, and the stack is of {cluster.account} "
            "(axon:cluster.account); nothing was done"
        )
    arn = str(identity["Arn"])
    if not any(is_principal(arn, access.principal_arn) for access in cluster.access.values()):
        raise StepFailed(
            f"{arn} stands in no entry of axon:cluster.access, and nobody else gets into the cluster: add "
            f'`me: {{principal_arn: "{principal_of(arn)}", policy: cluster-admin}}`'
        )
    return arn


def is_principal(arn: str, principal: str) -> bool:
    """Say whether somebody who is logged in is a principal: sessions of a role do not name its path."""
    kind, _, name = principal.rpartition(":")[2].partition("/")
    return arn == principal or (kind == "role" and _role_of(arn) == name.rpartition("/")[2])


def principal_of(arn: str) -> str:
    """Return the ARN of an access entry for somebody who is logged in."""
    role = _role_of(arn)
    return f"arn:aws:iam::{arn.split(':')[4]}:role/{role}" if role else arn


def _role_of(arn: str) -> str | None:
    """Return the role of a session: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return name.partition("/")[0] if kind == "assumed-role" else None
