"""Every policy, with what keeps it and what does not."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from components.platform.versions import ENVOY_IMAGE
from policies import POLICIES, Context, Policy, Resource, violations
from policies.kubernetes import PROXY

DOCS = Path(__file__).parents[3] / "docs/policies.md"
CLUSTER = "aws:eks/cluster:Cluster"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CRON_JOB = "kubernetes:batch/v1:CronJob"
SCALED = "kubernetes:keda.sh/v1alpha1:ScaledObject"
HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
NODES = "aws:eks/nodeGroup:NodeGroup"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
BUCKET = "aws:s3/bucket:Bucket"
PRODUCTION = Context(production=True, registries=("registry.example/team",))
DIGEST = f"registry.example/team/iris@sha256:{'0' * 64}"

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One resource, and whether a policy minds it."""

    policy: str
    type: str
    inputs: Inputs
    kept: bool
    context: Context = PRODUCTION
    more: Mapping[str, Any] = field(default_factory=dict)


def network(*cidrs: str, public: bool = True) -> Inputs:
    return {"vpcConfig": {"endpointPublicAccess": public, "publicAccessCidrs": list(cidrs)}}


def disk(encrypted: str) -> Inputs:
    return {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": encrypted}}]}


def allowing(actions: list[str], resources: list[str], **more: Any) -> Inputs:
    return {
        "policy": json.dumps(
            {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources, **more}]}
        )
    }


def attaching(name: str) -> Inputs:
    return {"policyArn": f"arn:aws:iam::aws:policy/{name}"}


def pod(of_pod: Inputs | None = None, **container: Any) -> Inputs:
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    resources = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
    whole = {
        "name": "predictor",
        "image": DIGEST,
        "securityContext": security,
        "resources": resources,
        **container,
    }
    spec = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532},
        "containers": [whole],
        **(of_pod or {}),
    }
    return {"spec": {"template": {"spec": spec}}}


def scaled(low: int, high: int) -> Inputs:
    return {"spec": {"minReplicaCount": low, "maxReplicaCount": high}}


def hpa(low: int, high: int) -> Inputs:
    return {"spec": {"minReplicas": low, "maxReplicas": high}}


def nodes(low: int, high: int) -> Inputs:
    return {"scalingConfig": {"minSize": low, "maxSize": high}}


def spending(cost: int, budget: int | None) -> Context:
    return Context(budget=None if budget is None else Decimal(budget), cost=Decimal(cost))


OFFICE = {"cidrIpv4": "203.0.113.0/24", "fromPort": 80}
WORLD = {"cidrIpv4": "0.0.0.0/0", "fromPort": 80}
S3_TAG = {"Condition": {"StringEquals": {"aws:ResourceTag/axon:stack": "dev"}}}
ROOT = {"allowPrivilegeEscalation": False, "runAsUser": 0}
STRONG = {"allowPrivilegeEscalation": True}
DELETED, PROTECTED = {"op": "delete"}, {"op": "delete", "protected": True}
PLATFORM = {"of_platform": True}

CASES = [
    Case("public-kubernetes-api", CLUSTER, network("203.0.113.0/24"), True),
    Case("public-kubernetes-api", CLUSTER, network(public=False), True),
    Case("public-kubernetes-api", CLUSTER, network("0.0.0.0/0"), False),
    Case("public-kubernetes-api", CLUSTER, network(), False),
    Case("public-kubernetes-api", CLUSTER, network("0.0.0.0/0"), True, more=DELETED),
    Case("public-clients-without-tls", RULE, OFFICE, True),
    Case("public-clients-without-tls", RULE, WORLD, True, Context(tls=True)),
    Case("public-clients-without-tls", RULE, WORLD, False),
    Case("public-clients-without-tls", RULE, {"cidrIpv6": "::/0"}, False),
    Case("unencrypted-storage", TEMPLATE, disk("true"), True),
    Case("unencrypted-storage", TEMPLATE, disk("false"), False),
    Case("unencrypted-storage", CLUSTER, {"encryptionConfig": {"provider": {"keyArn": "arn"}}}, True),
    Case("unencrypted-storage", CLUSTER, {}, False),
    Case("unencrypted-storage", "aws:ebs/volume:Volume", {"encrypted": True}, True),
    Case("unencrypted-storage", "aws:ebs/volume:Volume", {}, False),
    Case("unencrypted-storage", "aws:rds/instance:Instance", {"storageEncrypted": True}, True),
    Case("unencrypted-storage", "aws:rds/instance:Instance", {"storageEncrypted": False}, False),
    Case("unencrypted-storage", STORAGE_CLASS, {"provisioner": "ebs.csi.aws.com"}, False),
    Case("unencrypted-storage", STORAGE_CLASS, {"provisioner": "rancher.io/local-path"}, True),
    Case("wildcard-iam", ROLE_POLICY, allowing(["s3:GetObject"], ["arn:aws:s3:::models/*"]), True),
    Case("wildcard-iam", ROLE_POLICY, allowing(["ec2:DescribeInstances"], ["*"]), True),
    Case("wildcard-iam", ROLE_POLICY, allowing(["s3:PutObject"], ["*"], **S3_TAG), True),
    Case("wildcard-iam", ROLE_POLICY, {"policy": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}, True),
    Case("wildcard-iam", ROLE_POLICY, allowing(["*"], ["arn:aws:s3:::models"]), False),
    Case("wildcard-iam", ROLE_POLICY, allowing(["s3:*"], ["arn:aws:s3:::models"]), False),
    Case("wildcard-iam", ROLE_POLICY, allowing(["s3:PutObject"], ["*"]), False),
    Case("administrator-policies", ATTACHMENT, attaching("AmazonEKSWorkerNodePolicy"), True),
    Case("administrator-policies", ATTACHMENT, attaching("AdministratorAccess"), False),
    Case("administrator-policies", ATTACHMENT, attaching("AmazonS3FullAccess"), False),
    Case("public-access", BUCKET, {"acl": "private"}, True),
    Case("public-access", BUCKET, {"acl": "public-read"}, False),
    Case("wildcard-rbac", CLUSTER_ROLE, {"rules": [{"verbs": ["get"], "resources": ["pods"]}]}, True),
    Case("wildcard-rbac", CLUSTER_ROLE, {"rules": [{"verbs": ["*"], "resources": ["pods"]}]}, False),
    Case("wildcard-rbac", CLUSTER_ROLE, {"rules": [{"verbs": ["*"]}]}, True, more=PLATFORM),
    Case("mutable-image-tag", DEPLOYMENT, pod(), True),
    Case("mutable-image-tag", DEPLOYMENT, pod(image="localhost:5000/axon/iris:14a958f56e6dc485"), True),
    Case("mutable-image-tag", DEPLOYMENT, pod(image="registry.example/team/iris:latest"), False),
    Case("mutable-image-tag", DEPLOYMENT, pod(image="localhost:5000/axon/iris"), False),
    Case("mutable-image-tag", DEPLOYMENT, pod(image="a/b:latest"), False, more=PLATFORM),
    Case("foreign-registry", DEPLOYMENT, pod(), True),
    Case("foreign-registry", DEPLOYMENT, pod(image="quay.io/x/y:1"), True, more=PLATFORM),
    Case("foreign-registry", DEPLOYMENT, pod(image="registry.example/team-b/iris:1"), False),
    Case("foreign-registry", DEPLOYMENT, pod(image="nginx:1.29"), False),
    Case("foreign-registry", DEPLOYMENT, pod(image=ENVOY_IMAGE), True),
    Case("foreign-registry", DEPLOYMENT, pod(image=ENVOY_IMAGE.split("@")[0]), False),
    Case("foreign-registry", DEPLOYMENT, pod(image="nginx:1.29"), True, Context(registries=("docker.io",))),
    Case("no-limits", DEPLOYMENT, pod(), True),
    Case("no-limits", DEPLOYMENT, pod(resources={"requests": {"cpu": "1", "memory": "1Gi"}}), False),
    Case("no-limits", DEPLOYMENT, pod(resources={"limits": {"memory": "1Gi"}}), False),
    Case("no-limits", DEPLOYMENT, pod(resources=None), False),
    Case("no-limits", DEPLOYMENT, pod({"initContainers": [{"name": "tokenizer"}]}), False),
    Case("replica-bounds", SCALED, scaled(2, 20), True),
    Case("replica-bounds", SCALED, scaled(5, 4), False),
    Case("replica-bounds", HPA, hpa(5, 4), False),
    Case("node-bounds", NODES, nodes(0, 3), True),
    Case("node-bounds", NODES, nodes(4, 3), False),
    Case("single-replica", SCALED, scaled(2, 20), True),
    Case("single-replica", SCALED, scaled(0, 20), True),
    Case("single-replica", SCALED, scaled(1, 20), True, Context()),
    Case("single-replica", SCALED, scaled(1, 20), False),
    Case("single-replica", HPA, hpa(1, 20), False),
    Case("privileged-pod", DEPLOYMENT, pod(), True),
    Case("privileged-pod", DEPLOYMENT, pod({"hostNetwork": True}), True, more=PLATFORM),
    Case("privileged-pod", DEPLOYMENT, pod({"hostNetwork": True}), False),
    Case("privileged-pod", DEPLOYMENT, pod({"volumes": [{"hostPath": {"path": "/"}}]}), False),
    Case("privileged-pod", DEPLOYMENT, pod(securityContext={"privileged": True}), False),
    Case("privileged-pod", DEPLOYMENT, pod(securityContext=ROOT), False),
    Case("privileged-pod", DEPLOYMENT, pod(securityContext=STRONG), False),
    Case("privileged-pod", CRON_JOB, {"spec": {"jobTemplate": {"spec": pod()["spec"]}}}, True),
    Case(
        "privileged-pod", CRON_JOB, {"spec": {"jobTemplate": {"spec": pod({"hostPID": True})["spec"]}}}, False
    ),
    Case("lost-state", BUCKET, {}, True),
    Case("lost-state", BUCKET, {}, True, Context(), more=DELETED),
    Case("lost-state", BUCKET, {}, False, more=DELETED),
    Case("lost-state", BUCKET, {}, False, more={"op": "replace"}),
    Case("lost-state", "kubernetes:core/v1:Namespace", {}, False, more=DELETED),
    Case("lost-state", "kubernetes:core/v1:NamespacePatch", {}, True, more=DELETED),
    Case("lost-state", "aws:lb/loadBalancer:LoadBalancer", {}, True, more=DELETED),
    Case("lost-state", "aws:lb/loadBalancer:LoadBalancer", {}, False, Context(), more=PROTECTED),
    Case("over-budget", NODES, {}, True, spending(500, 500)),
    Case("over-budget", NODES, {}, True, spending(500, None)),
    Case("over-budget", NODES, {}, False, spending(501, 500)),
]


def policy(name: str) -> Policy:
    return next(policy for policy in POLICIES if policy.name == name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.policy}-{'kept' if case.kept else 'broken'}")
def test_a_policy_minds_what_it_says_and_nothing_else(case: Case) -> None:
    resource = Resource(case.type, "thing", case.inputs, **case.more)

    found = violations([policy(case.policy)], [resource], case.context)

    assert (found == []) is case.kept, [violation.message for violation in found]


@pytest.mark.parametrize("name", [policy.name for policy in POLICIES])
def test_each_policy_has_what_keeps_it_and_what_does_not(name: str) -> None:
    assert {case.kept for case in CASES if case.policy == name} == {True, False}


@pytest.mark.parametrize("found", POLICIES, ids=lambda policy: policy.name)
def test_each_policy_is_documented_with_its_fix(found: Policy) -> None:
    _, _, section = DOCS.read_text().partition(f"## {found.name}\n")
    section = " ".join(section.split("\n## ")[0].split())

    assert found.what in section
    assert found.fix in section


def test_the_platforms_proxy_is_of_the_repository_that_policies_know() -> None:
    assert ENVOY_IMAGE.startswith(f"{PROXY}:")


def test_policies_import_nothing_but_themselves(tmp_path: Path) -> None:
    """Those of a base branch are run alone."""
    shutil.copytree(DOCS.parents[1] / "policies", tmp_path / "policies")
    asked = {
        "resources": [{"type": DEPLOYMENT, "name": "iris", "inputs": pod(image="nginx:1.29")}],
        "context": {},
    }
    command = [sys.executable, "-E", "-s", "-m", "policies"]

    run = subprocess.run(
        command, cwd=tmp_path, input=json.dumps(asked), capture_output=True, text=True, check=True
    )

    assert [(one["policy"], one["subject"]) for one in json.loads(run.stdout)] == [
        ("foreign-registry", "iris")
    ]


def test_no_policy_is_documented_that_is_none() -> None:
    titles = {line.removeprefix("## ") for line in DOCS.read_text().splitlines() if line.startswith("## ")}

    assert titles == {policy.name for policy in POLICIES}


def test_a_policy_is_mandatory_in_production_and_advice_elsewhere() -> None:
    open_api = policy("public-kubernetes-api")

    assert (open_api.level(PRODUCTION), open_api.level(Context())) == ("mandatory", "advisory")


def test_what_can_never_work_is_refused_everywhere() -> None:
    always = {policy.name for policy in POLICIES if policy.level(Context()) == "mandatory"}

    assert always == {"replica-bounds", "node-bounds"}


def test_mandatory_violations_come_first_and_none_twice() -> None:
    resources = [Resource(SCALED, "iris", scaled(5, 4)), Resource(CLUSTER, "dev", network("0.0.0.0/0"))]

    found = violations(POLICIES, [*resources, *resources], Context())

    assert [(v.policy.name, v.level) for v in found] == [
        ("replica-bounds", "mandatory"),
        ("public-kubernetes-api", "advisory"),
        ("unencrypted-storage", "advisory"),
    ]
