"""What gets past a policy that looks for one form of a thing: other forms of the same. None may pass."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from policies import POLICIES, Context, Resource, violations
from tests.unit.policies.test_policies_kept import (
    ATTACHMENT,
    BUCKET,
    CLUSTER,
    DEPLOYMENT,
    DIGEST,
    HPA,
    NODES,
    PRODUCTION,
    ROLE_POLICY,
    RULE,
    STORAGE_CLASS,
    TEMPLATE,
    allowing,
    attaching,
    hpa,
    network,
    pod,
)

TLS = Context(production=True, tls=True)
HUB = Context(production=True, registries=("docker.io",))
GROUP, GROUP_RULE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroupRule:SecurityGroupRule"
ROLE, BUCKET_POLICY = "aws:iam/role:Role", "aws:s3/bucketPolicy:BucketPolicy"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
VOLUME = "kubernetes:core/v1:PersistentVolume"
SERVICE = "kubernetes:core/v1:Service"
OIDC = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@dataclass(frozen=True)
class Attack:
    """A resource that one policy must mind, or must not."""

    policy: str
    type: str
    inputs: Mapping[str, Any]
    kept: bool = False
    context: Context = PRODUCTION
    op: Any = "create"


def policy_for(principal: Any, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", **more}
    return {"policy": json.dumps({"Statement": statement})}


def safe(**more: Any) -> dict[str, Any]:
    return {"securityContext": {**SAFE, **more}}


def volume(kind: str, **content: Any) -> Mapping[str, Any]:
    return pod({"volumes": [{"name": "v", kind: content}]})


def image(name: str) -> Mapping[str, Any]:
    return pod(image=name)


def rule(**more: Any) -> dict[str, Any]:
    given = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], **more}
    return {"rules": [given]}


PRIVILEGED = [
    pod({"initContainers": [{"name": "i", "securityContext": {**SAFE, "privileged": True}}]}),
    pod({"ephemeralContainers": [{"name": "e", "securityContext": {**SAFE, "privileged": True}}]}),
    pod(**safe(privileged="true")),
    pod(**safe(allowPrivilegeEscalation="false")),
    pod(**safe(capabilities={"drop": []})),
    pod(securityContext={"allowPrivilegeEscalation": False}),
    pod(**safe(capabilities={"drop": ["ALL"], "add": ["sys_admin"]})),
    pod(**safe(capabilities={"drop": ["NET_RAW"]})),
    pod(**safe(runAsUser="0")),
    pod(**safe(runAsNonRoot="true")),
    pod(**safe(runAsNonRoot=None)),
    pod(**safe(runAsGroup=0)),
    pod({"securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 0}}),
    pod({"securityContext": {"runAsNonRoot": True, "supplementalGroups": [0]}}),
    pod(**safe(procMount="Unmasked")),
    pod(**safe(seccompProfile={"type": "Unconfined"})),
    pod(**safe(appArmorProfile={"type": "Unconfined"})),
    pod(**safe(seLinuxOptions={"type": "spc_t"})),
    pod(**safe(seLinuxOptions={"user": "system_u"})),
    pod(**safe(windowsOptions={"hostProcess": True})),
    pod({"securityContext": {"runAsNonRoot": True, "sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}),
    pod(ports=[{"containerPort": 80, "hostPort": 80}]),
    pod(volumeDevices=[{"name": "v", "devicePath": "/dev/xvda"}]),
    pod(livenessProbe={"httpGet": {"host": "169.254.169.254", "port": 80}}),
    pod(lifecycle={"postStart": {"httpGet": {"host": "127.0.0.1", "port": 10250}}}),
    volume("csi", driver="hostpath.csi.k8s.io"),
    volume("flexVolume", driver="example/shell"),
    volume("nfs", server="10.0.0.1", path="/"),
    volume("gitRepo", repository="https://example.com/a.git"),
    volume("projected", sources=[{"hostPath": {"path": "/"}}]),
    volume("ephemeral", volumeClaimTemplate={"spec": {"volumeName": "of-the-node"}}),
]
POD_TYPES = {
    "kubernetes:core/v1:ReplicationController": pod({"hostPID": True}),
    "kubernetes:core/v1:PodTemplate": {"template": pod({"hostPID": True})["spec"]["template"]},
    "kubernetes:apps/v1:DeploymentList": {"items": [pod({"hostPID": True})]},
    "kubernetes:apps/v1beta1:Deployment": pod({"hostPID": True}),
    "kubernetes:extensions/v1beta1:DaemonSet": pod({"hostPID": True}),
    "kubernetes:argoproj.io/v1alpha1:Rollout": pod({"hostPID": True}),
    "kubernetes:keda.sh/v1alpha1:ScaledJob": {"spec": {"jobTargetRef": pod({"hostPID": True})["spec"]}},
}
IMAGES = [
    "registry.example/team",
    "registry.example.evil.com/team/iris:1.0",
    "registry.example/teams/iris:1.0",
    "registry.example:444/team/iris:1.0",
    "evil.com/registry.example/team/iris:1.0",
    "REGISTRY.EXAMPLE/team/iris:1.0",
    "public.ecr.aws.evil.com/a/b:1.0",
    "team/iris:1.0",
    "iris",
]
TAGS = [
    *("registry.example/team/iris:stable", "registry.example/team/iris:main", "registry.example/team/iris:1"),
    *(
        "registry.example/team/iris:v2",
        "registry.example/team/iris:LATEST",
        "registry.example/team/iris:prod",
    ),
    *("registry.example/team/iris:0123456789abcdef-latest", "registry.example/team/iris:amd64"),
    *("registry.example/team/iris:1.2-latest", "registry.example/team/iris:nightly-2026.01"),
    *("registry.example:5000/team/iris", "registry.example/team/iris@sha256:abc", "iris:latest@sha256:0"),
]
ACTIONS = ["*:*", "s3:**", "s3:?*", "S3:*", "s*:GetObject", "iam:P*", "iam:*Role", "*:Get*", "ec2:Run*", "s3"]
RESOURCES = [
    *("arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:*", "arn:aws:iam::111122223333:role/*", "**", "?*"),
    *("arn:aws:*:*:*:*", "arn:aws:s3:::m*", "arn:aws:kms:eu-west-1:111122223333:key/*", "*:*"),
]
TAG = "aws:ResourceTag/axon:stack"
CONDITIONS = [
    {"Bool": {"aws:SecureTransport": "true"}},
    {"StringLike": {TAG: "*"}},
    {"StringNotEquals": {TAG: "dev"}},
    {"StringEqualsIfExists": {TAG: "dev"}},
    {"ForAllValues:StringEquals": {TAG: ["dev"]}},
    {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
    {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
    {},
]
SECRET_READS = ["secretsmanager:GetSecretValue", "ssm:Get*", "s3:GetObject", "s3:Get*", "sts:GetSessionToken"]
WORLDS = ["0.0.0.0/1", "128.0.0.0/1", "1.2.3.4/0", "16.0.0.0/4", "::/1", "2000::/3", "::ffff:0:0/96", "all"]
ADMINISTRATORS = [
    *("IAMFullAccess", "AdministratorAccess-Amplify", "job-function/SystemAdministrator", "ReadOnlyAccess"),
    *(
        "job-function/DatabaseAdministrator",
        "AmazonSSMAutomationRole",
        "aws-service-role/AnyServiceRolePolicy",
    ),
    "SecurityAudit",
]
PRINCIPALS: list[Any] = [
    *("*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::111122223333:root", "*"]}, {"AWS": "arn:aws:iam::*:root"}),
    *({"Service": "*"}, {"Federated": "*"}, {"CanonicalUser": "*"}, {"Federated": OIDC}),
]

ATTACKS = [
    *(Attack("privileged-pod", DEPLOYMENT, inputs) for inputs in PRIVILEGED),
    *(Attack("privileged-pod", kind, inputs) for kind, inputs in POD_TYPES.items()),
    Attack("privileged-pod", VOLUME, {"spec": {"hostPath": {"path": "/"}}}),
    Attack("privileged-pod", VOLUME, {"spec": {"local": {"path": "/var"}}}),
    Attack("privileged-pod", VOLUME, {"spec": {"csi": {"driver": "hostpath.csi.k8s.io"}}}),
    Attack("privileged-pod", f"{VOLUME}List", {"items": [{"spec": {"hostPath": {"path": "/"}}}]}),
    Attack("privileged-pod", VOLUME, {"spec": {"csi": {"driver": "ebs.csi.aws.com"}}}, kept=True),
    Attack("privileged-pod", f"{VOLUME}Claim", {"spec": {"resources": {}}}, kept=True),
    Attack("privileged-pod", DEPLOYMENT, volume("csi", driver="secrets-store.csi.k8s.io"), kept=True),
    Attack("privileged-pod", DEPLOYMENT, volume("emptyDir"), kept=True),
    Attack("privileged-pod", DEPLOYMENT, pod(**safe(seccompProfile={"type": "RuntimeDefault"})), kept=True),
    *(Attack("foreign-registry", DEPLOYMENT, image(name)) for name in IMAGES),
    Attack("foreign-registry", DEPLOYMENT, image("EVIL/iris:1.0"), context=HUB),
    Attack("foreign-registry", DEPLOYMENT, image("nginx:1.29"), context=Context(production=True)),
    Attack(
        "foreign-registry", DEPLOYMENT, pod({"initContainers": [{"name": "i", "image": "evil.com/a:1.0"}]})
    ),
    Attack("foreign-registry", DEPLOYMENT, pod({"ephemeralContainers": [{"image": "evil.com/a:1.0"}]})),
    Attack("foreign-registry", DEPLOYMENT, volume("image", reference="evil.com/a:1.0")),
    Attack("foreign-registry", DEPLOYMENT, image("registry.example/team/a/iris:1.0"), kept=True),
    Attack(
        "foreign-registry",
        DEPLOYMENT,
        image("ghcr.io/me/iris:1.0"),
        kept=True,
        context=Context(registries=("ghcr.io/me/iris",)),
    ),
    *(Attack("mutable-image-tag", DEPLOYMENT, image(name)) for name in TAGS),
    *(
        Attack("mutable-image-tag", DEPLOYMENT, image(f"registry.example/team/iris{end}"), kept=True)
        for end in (
            ":v1.2.3",
            ":1.29",
            ":distroless-v1.39.1",
            ":2026.01.31-1",
            ":sha-0123456789ab",
            DIGEST[-72:],
        )
    ),
    Attack("no-limits", DEPLOYMENT, pod({"ephemeralContainers": [{"name": "debug"}]})),
    Attack(
        "no-limits",
        DEPLOYMENT,
        pod(resources={"requests": {"cpu": "0", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}),
    ),
    Attack(
        "no-limits",
        DEPLOYMENT,
        pod(resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "0Mi"}}),
    ),
    *(Attack("wildcard-iam", ROLE_POLICY, allowing([action], ["arn:aws:s3:::models"])) for action in ACTIONS),
    *(Attack("wildcard-iam", ROLE_POLICY, allowing(["s3:PutObject"], [arn])) for arn in RESOURCES),
    *(
        Attack("wildcard-iam", ROLE_POLICY, allowing(["s3:PutObject"], ["*"], Condition=condition))
        for condition in CONDITIONS
    ),
    *(Attack("wildcard-iam", ROLE_POLICY, allowing([action], ["*"])) for action in SECRET_READS),
    Attack(
        "wildcard-iam",
        ROLE_POLICY,
        {"policy": json.dumps({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}})},
    ),
    Attack(
        "wildcard-iam",
        ROLE_POLICY,
        {
            "policy": json.dumps(
                {"Statement": {"Effect": "Allow", "Action": "s3:PutObject", "NotResource": "a"}}
            )
        },
    ),
    Attack("wildcard-iam", ROLE_POLICY, {"policy": "Allow everything"}),
    Attack("wildcard-iam", ROLE_POLICY, {"policy": json.loads(allowing(["*"], ["*"])["policy"])}),
    Attack("wildcard-iam", ROLE, {"inlinePolicies": [{"name": "a", **allowing(["iam:*"], ["*"])}]}),
    Attack(
        "wildcard-iam",
        ROLE_POLICY,
        allowing(["kms:Decrypt"], ["arn:aws:kms:eu-west-1:1:key/ab12"]),
        kept=True,
    ),
    *(Attack("administrator-policies", ATTACHMENT, attaching(name)) for name in ADMINISTRATORS),
    Attack(
        "administrator-policies", ROLE, {"managedPolicyArns": [attaching("AdministratorAccess")["policyArn"]]}
    ),
    Attack(
        "administrator-policies",
        "aws:iam/policyAttachment:PolicyAttachment",
        attaching("AdministratorAccess"),
    ),
    Attack("administrator-policies", ATTACHMENT, attaching("AmazonS3ReadOnlyAccess"), kept=True),
    Attack(
        "administrator-policies",
        ATTACHMENT,
        {"policyArn": "arn:aws:iam::111122223333:policy/iris"},
        kept=True,
    ),
    *(Attack("public-access", BUCKET_POLICY, policy_for(principal)) for principal in PRINCIPALS),
    Attack("public-access", ROLE, {"assumeRolePolicy": policy_for({"AWS": "*"})["policy"]}),
    Attack("public-access", "aws:kms/key:Key", policy_for("*", Condition={"Bool": {"a:b": "true"}})),
    Attack("public-access", BUCKET_POLICY, policy_for("*", Condition={"StringLike": {"aws:SourceArn": "*"}})),
    Attack("public-access", BUCKET, {"acl": "public-read"}),
    Attack(
        "public-access",
        "aws:s3/bucketAcl:BucketAcl",
        {
            "accessControlPolicy": {
                "grants": [{"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}}]
            }
        },
    ),
    Attack("public-access", BLOCK, {"blockPublicAcls": True, "blockPublicPolicy": False}),
    Attack("public-access", "aws:rds/instance:Instance", {"publiclyAccessible": True}),
    Attack(
        "public-access", "aws:lambda/permission:Permission", {"principal": "*", "action": "lambda:Invoke"}
    ),
    Attack(
        "public-access",
        BUCKET_POLICY,
        policy_for("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        kept=True,
    ),
    Attack(
        "public-access",
        ROLE,
        {"assumeRolePolicy": policy_for({"Service": "ec2.amazonaws.com"})["policy"]},
        True,
    ),
    Attack(
        "public-access",
        ROLE,
        {
            "assumeRolePolicy": policy_for(
                {"Federated": OIDC}, Condition={"StringEquals": {"token.actions:sub": "repo:me/models:x"}}
            )["policy"]
        },
        kept=True,
    ),
    *(Attack("public-kubernetes-api", CLUSTER, network(cidr)) for cidr in WORLDS),
    Attack("public-kubernetes-api", CLUSTER, network(*(f"{n}.0.0.0/8" for n in range(11, 20)))),
    Attack("public-kubernetes-api", CLUSTER, {}),
    Attack("public-kubernetes-api", CLUSTER, network("10.0.0.0/8", "203.0.113.0/24"), kept=True),
    *(Attack("public-clients-without-tls", RULE, {"cidrIpv4": cidr, "fromPort": 80}) for cidr in WORLDS),
    Attack("public-clients-without-tls", GROUP, {"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 80}]}),
    Attack("public-clients-without-tls", GROUP_RULE, {"type": "ingress", "ipv6CidrBlocks": ["::/0"]}),
    Attack(
        "public-clients-without-tls", GROUP_RULE, {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}, kept=True
    ),
    Attack(
        "public-clients-without-tls",
        "aws:ec2/managedPrefixList:ManagedPrefixList",
        {"entries": [{"cidr": "0.0.0.0/0"}]},
    ),
    Attack(
        "public-clients-without-tls",
        RULE,
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22},
        False,
        TLS,
    ),
    Attack("public-clients-without-tls", RULE, {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"}, False, TLS),
    Attack(
        "public-clients-without-tls",
        RULE,
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 80, "toPort": 443, "ipProtocol": "tcp"},
        False,
        TLS,
    ),
    Attack("public-clients-without-tls", SERVICE, {"spec": {"type": "LoadBalancer"}}),
    Attack("public-clients-without-tls", SERVICE, {"spec": {"externalIPs": ["203.0.113.7"]}}),
    Attack("public-clients-without-tls", SERVICE, {"spec": {"type": "ClusterIP"}}, kept=True),
    Attack("unencrypted-storage", TEMPLATE, {}),
    Attack("unencrypted-storage", TEMPLATE, {"blockDeviceMappings": [{"deviceName": "/dev/xvda"}]}),
    Attack("unencrypted-storage", NODES, {"scalingConfig": {}}),
    Attack("unencrypted-storage", "aws:ec2/instance:Instance", {"rootBlockDevice": {"encrypted": False}}),
    Attack("unencrypted-storage", STORAGE_CLASS, {"provisioner": "kubernetes.io/aws-ebs"}),
    Attack("unencrypted-storage", "aws:elasticache/replicationGroup:ReplicationGroup", {}),
    Attack("unencrypted-storage", "aws:opensearch/domain:Domain", {"encryptAtRest": {"enabled": False}}),
    Attack("unencrypted-storage", CLUSTER, {"encryptionConfig": {"resources": ["secrets"]}}),
    *(
        Attack("wildcard-rbac", CLUSTER_ROLE, rule(**{key: [value]}))
        for key, value in (
            *(("verbs", "*"), ("resources", "*"), ("apiGroups", "*"), ("verbs", "impersonate")),
            *(("resources", "pods/*"), ("resources", "secrets"), ("verbs", "escalate"), ("verbs", "bind")),
        )
    ),
    Attack("wildcard-rbac", CLUSTER_ROLE, rule(resources=["pods/exec"], verbs=["create"])),
    Attack("wildcard-rbac", CLUSTER_ROLE, rule(resources=["nodes/proxy"])),
    Attack("wildcard-rbac", CLUSTER_ROLE, {"rules": [{"nonResourceURLs": ["*"], "verbs": ["get"]}]}),
    Attack("wildcard-rbac", f"{CLUSTER_ROLE}List", {"items": [rule(verbs=["*"])]}),
    Attack("wildcard-rbac", CLUSTER_ROLE, {"aggregationRule": {"clusterRoleSelectors": [{}]}}),
    Attack("wildcard-rbac", BINDING, {"roleRef": {"name": "cluster-admin"}}),
    Attack("wildcard-rbac", BINDING, {"roleRef": {"name": "x"}, "subjects": [{"name": "system:anonymous"}]}),
    Attack("wildcard-rbac", CLUSTER_ROLE, rule(), kept=True),
    Attack("wildcard-rbac", CLUSTER_ROLE, rule(resources=["secrets"], resourceNames=["clients"]), kept=True),
    Attack("wildcard-rbac", BINDING, {"roleRef": {"name": "view"}, "subjects": [{"name": "me"}]}, kept=True),
    Attack("replica-bounds", HPA.replace("v2", "v1"), hpa(5, 4)),
    Attack("single-replica", HPA, {"spec": {"minReplicas": None, "maxReplicas": 5}}),
    Attack("node-bounds", NODES, {"scalingConfig": {"minSize": 4.0, "maxSize": 3.0}}),
    Attack("lost-state", "aws:s3/bucketV2:BucketV2", {}, op="delete"),
    Attack("lost-state", "kubernetes:core/v1:Namespace", {}, op="delete"),
    Attack("lost-state", VOLUME, {}, op="delete"),
    Attack("lost-state", "aws:elasticache/replicationGroup:ReplicationGroup", {}, op="replace"),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.policy}-{attack.kept}")
def test_no_other_form_of_the_same_passes(attack: Attack) -> None:
    resource = Resource(attack.type, "thing", attack.inputs, attack.op)
    policies = [policy for policy in POLICIES if policy.name == attack.policy]

    found = violations(policies, [resource], attack.context)

    assert (found == []) is attack.kept, [violation.message for violation in found]


@pytest.mark.parametrize("value", ["04da6b54-80e4-46f7-96ec-b56ff0331ba9", 7, "null", [None]])
@pytest.mark.parametrize(
    ("policy", "kind", "key"),
    [
        ("public-kubernetes-api", CLUSTER, "vpcConfig"),
        ("privileged-pod", VOLUME, "spec"),
        ("wildcard-rbac", CLUSTER_ROLE, "rules"),
        ("unencrypted-storage", TEMPLATE, "blockDeviceMappings"),
        ("wildcard-iam", ROLE_POLICY, "policy"),
    ],
)
def test_what_a_policy_cannot_read_is_no_traceback_and_does_not_pass(
    policy: str, kind: str, key: str, value: Any
) -> None:
    found = violations(POLICIES, [Resource(kind, "thing", {key: value})], PRODUCTION)

    unknown = policy == "wildcard-iam" and isinstance(value, str) and value.startswith("04da")
    assert (policy in {violation.policy.name for violation in found}) is not unknown


@pytest.mark.parametrize("value", [None, {}, []])
def test_what_is_left_out_is_no_traceback(value: Any) -> None:
    for kind in (ROLE_POLICY, CLUSTER, NODES, DEPLOYMENT, GROUP, CLUSTER_ROLE, BUCKET, HPA, VOLUME, TEMPLATE):
        for key in ("policy", "spec", "vpcConfig", "scalingConfig", "ingress", "rules", "items", "metadata"):
            messages = violations(POLICIES, [Resource(kind, "thing", {key: value})], PRODUCTION)

            assert "cannot read" not in str(messages), (kind, key)
