"""What a stack on AWS needs of this machine: the AWS CLI, logged in to the stack's account."""

import json
import shutil
import subprocess

from local.steps import StepFailed
from stacks.settings.aws.eks import EksCluster


def check_aws(cluster: EksCluster) -> str:
    """Return who is logged in.

    pulumi-eks and the kubeconfig call `aws eks get-token`.

    Raises:
        StepFailed: without the AWS CLI, without credentials, or with those of another account.
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
    return str(identity["Arn"])
