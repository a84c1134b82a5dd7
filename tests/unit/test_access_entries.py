"""Who gets into a cluster: those whom the stack file names, and not who made it."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest

from components.access_entries import AccessEntries
from components.eks_transform import of_component
from tests.unit.conftest import Recorder
from tests.unit.on_aws import cluster

ENTRY = "aws:eks/accessEntry:AccessEntry"
POLICY = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
LIMIT = "arn:aws:iam::111122223333:policy/axon-boundary-lab"
Deploy = Callable[[Callable[[], Any]], Recorder]


def entries(deploy: Deploy, **access: Mapping[str, Any]) -> Recorder:
    settings = cluster(access=access)
    return deploy(lambda: AccessEntries("access", settings.access, "lab") and None)


# The names of https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
@pytest.mark.parametrize(
    ("policy", "name"),
    [
        ("cluster-admin", "AmazonEKSClusterAdminPolicy"),
        ("admin", "AmazonEKSAdminPolicy"),
        ("admin-view", "AmazonEKSAdminViewPolicy"),
        ("edit", "AmazonEKSEditPolicy"),
        ("view", "AmazonEKSViewPolicy"),
    ],
)
def test_an_entry_has_the_access_policy_of_its_name(deploy: Deploy, policy: str, name: str) -> None:
    arn = "arn:aws:iam::111122223333:role/team"
    recorder = entries(deploy, team={"principal_arn": arn, "policy": policy})

    assert recorder.one(ENTRY) == {"clusterName": "lab", "principalArn": arn}
    assert recorder.one(POLICY) == {
        "clusterName": "lab",
        "principalArn": arn,
        "policyArn": f"arn:aws:eks::aws:cluster-access-policy/{name}",
        "accessScope": {"type": "cluster"},
    }


def test_an_entry_holds_in_its_namespaces_alone(deploy: Deploy) -> None:
    arn = "arn:aws:iam::111122223333:user/me"
    recorder = entries(deploy, me={"principal_arn": arn, "policy": "edit", "namespaces": ["models"]})

    assert recorder.one(POLICY)["accessScope"] == {"type": "namespace", "namespaces": ["models"]}


def transformed(kind: str, props: dict[str, Any], boundary: str | None = LIMIT) -> Mapping[str, Any] | None:
    made = pulumi.ResourceTransformArgs(True, kind, "lab", props, pulumi.ResourceOptions())
    found: Any = of_component(boundary)(made)
    return found.props if found else None


def test_who_makes_the_cluster_is_not_let_in_by_that() -> None:
    props = {"name": "lab", "accessConfig": {"bootstrapClusterCreatorAdminPermissions": True}}

    assert transformed("aws:eks/cluster:Cluster", props) == {
        "name": "lab",
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
    }


def test_the_role_of_the_control_plane_has_the_boundary_too() -> None:
    assert transformed("aws:iam/role:Role", {"name": "x"}) == {"name": "x", "permissionsBoundary": LIMIT}
    assert transformed("aws:iam/role:Role", {"name": "x"}, boundary=None) is None
    assert transformed("aws:eks/addon:Addon", {}) is None
