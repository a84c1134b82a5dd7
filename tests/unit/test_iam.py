"""Roles: who may take them, what they are called, and what waits for them."""

import json
from collections.abc import Callable
from typing import Any

from components.addons import ClusterAddons, NodeAddons
from components.iam import PodRole, allow
from tests.unit.conftest import Recorder, arn
from tests.unit.on_aws import cluster

ROLE, INLINE = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ASSOCIATION, ADDON = "aws:eks/podIdentityAssociation:PodIdentityAssociation", "aws:eks/addon:Addon"
READ = [allow(["s3:GetObject"], ["arn:aws:s3:::models/*"])]
Deploy = Callable[[Callable[[], Any]], Recorder]


def pod_role(deploy: Deploy, **settings: Any) -> Recorder:
    given = {
        "namespace": "models",
        "service_account": "iris",
        "boundary": None,
        "association": "lab",
        **settings,
    }
    return deploy(lambda: PodRole("iris", "lab", **given).arn)


def addons(deploy: Deploy, **settings: Any) -> Recorder:
    def program() -> None:
        before = NodeAddons("node-addons", cluster(**settings), "lab")
        ClusterAddons("cluster-addons", cluster(**settings), "lab", after=before.all)

    return deploy(program)


def test_one_service_account_of_one_cluster_may_take_a_role(deploy: Deploy) -> None:
    trusted = json.loads(pod_role(deploy).one(ROLE)["assumeRolePolicy"])["Statement"]

    assert trusted == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-name": "lab",
                    "aws:RequestTag/kubernetes-namespace": "models",
                    "aws:RequestTag/kubernetes-service-account": "iris",
                }
            },
        }
    ]


def test_the_association_is_of_the_same_service_account(deploy: Deploy) -> None:
    assert pod_role(deploy).one(ASSOCIATION) == {
        "clusterName": "lab",
        "namespace": "models",
        "serviceAccount": "iris",
        "roleArn": arn("iris"),
    }


def test_a_pod_gets_its_role_once_the_role_may_do_something(deploy: Deploy) -> None:
    recorder = pod_role(
        deploy, statements=READ, policy_arns={"more": "arn:aws:iam::111122223333:policy/more"}
    )

    waits = {urn.rsplit("$", 1)[-1] for urn in recorder.options(ASSOCIATION).dependencies}
    assert {f"{INLINE}::iris", f"{ATTACHMENT}::iris-more"} <= waits


def test_a_role_that_its_caller_associates_has_no_association(deploy: Deploy) -> None:
    assert pod_role(deploy, association=None).all(ASSOCIATION) == []


def test_a_role_without_statements_has_no_policy_of_its_own(deploy: Deploy) -> None:
    recorder = pod_role(deploy, policy_arns={"more": "arn:aws:iam::111122223333:policy/more"})

    assert recorder.all(INLINE) == []
    assert recorder.one(ATTACHMENT)["policyArn"] == "arn:aws:iam::111122223333:policy/more"


def test_names_of_roles_fit_and_differ_however_long_the_models_are(deploy: Deploy) -> None:
    clusters = ["ab", "a-cluster-of-20-char"]
    models = ["x", "m" * 42, "m" * 43, *(f"{'m' * 49}{last}" for last in "abc")]

    def program() -> None:
        for name in clusters:
            for model in models:
                PodRole(
                    f"{name}-{model}",
                    name,
                    full_name=f"{name}-model-{model}",
                    namespace="models",
                    service_account=model,
                    boundary=None,
                )

    names = [role["name"] for role in deploy(program).all(ROLE)]

    assert len(set(names)) == len(clusters) * len(models)
    assert max(map(len, names)) <= 64


def test_a_name_that_fits_is_left_alone(deploy: Deploy) -> None:
    assert pod_role(deploy, full_name="r" * 64).one(ROLE)["name"] == "r" * 64


def test_every_addon_has_the_version_that_is_pinned(deploy: Deploy) -> None:
    recorder = addons(deploy, version="1.35", addons={"coredns": "v1.13.9-eksbuild.1"})

    versions = {addon["addonName"]: addon["addonVersion"] for addon in recorder.all(ADDON)}
    assert len(versions) == 6
    assert versions["kube-proxy"] == "v1.35.2-eksbuild.4"
    assert versions["coredns"] == "v1.13.9-eksbuild.1"


def test_addons_take_their_roles_by_pod_identity_and_wait_for_them(deploy: Deploy) -> None:
    recorder = addons(deploy)
    associated = {
        addon["addonName"]: addon["podIdentityAssociations"]
        for addon in recorder.all(ADDON)
        if addon.get("podIdentityAssociations")
    }

    assert associated == {
        "vpc-cni": [{"roleArn": arn("vpc-cni"), "serviceAccount": "aws-node"}],
        "aws-ebs-csi-driver": [
            {"roleArn": arn("aws-ebs-csi-driver"), "serviceAccount": "ebs-csi-controller-sa"}
        ],
    }
    waits = next(r for r in recorder.requests if r.type == ADDON and r.name == "vpc-cni").dependencies
    assert any(ATTACHMENT in urn for urn in waits)
    assert any(urn.endswith("::eks-pod-identity-agent") for urn in waits)


def test_network_policies_and_prefixes_are_on(deploy: Deploy) -> None:
    values = json.loads(addons(deploy).named(ADDON)["vpc-cni"]["configurationValues"])

    assert values["enableNetworkPolicy"] == "true"
    assert values["env"]["ENABLE_PREFIX_DELEGATION"] == "true"
