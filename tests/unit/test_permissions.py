"""What a stack's deployment may do on AWS, by AWS' own reference: enough for its stack, and no more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from components.boundary import boundary
from components.deploy_policy import deploying, trying
from components.image_cache import permissions
from components.read_policy import reading
from components.state_policy import StateKeys, state_access
from stacks.settings import load_file
from stacks.settings.aws.eks import EksCluster
from tests.unit.authorization import actions, condition_keys, required
from tests.unit.iam_policies import Context, Statement, allowed, matches
from tests.unit.on_aws import ACCOUNT, EXISTING, cluster

OWN = cluster(
    load_balancer={"dns": {"zone_id": "Z0123456789ABCDEFGHIJ", "hostnames": ["models.example.com"]}},
    external_dns={"zone_ids": ["Z0123456789ABCDEFGHIJ"]},
    budget={"monthly_usd": 100, "emails": ["team@example.com"]},
)
DEPLOY, READ, LIMIT = [*deploying(OWN), *reading(OWN)], reading(OWN), boundary(OWN, [])
LIMIT_ARN = f"arn:aws:iam::{ACCOUNT}:policy/axon-boundary-lab"
LIMITED = {"iam:PermissionsBoundary": LIMIT_ARN}
HERE = {"aws:RequestedRegion": "eu-west-1"}
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
KEYS = StateKeys(f"arn:aws:s3:::axon-state-{ACCOUNT}-ap-southeast-2", KEY * 2, KEY * 2, "ap-southeast-2")
CACHE = {
    name: f"arn:aws:secretsmanager:ap-southeast-2:{ACCOUNT}:secret:ecr-pullthroughcache/{name}-abcdef"
    for name in ("docker_hub", "github")
}
# The longest names, an existing VPC of six zones, and everything that can be asked for.
LARGEST = cluster(
    name="a-cluster-of-20-char",
    region="ap-southeast-2",
    load_balancer=OWN.load_balancer.model_dump(),
    external_dns={"zone_ids": [f"Z{index:031}" for index in range(20)]},
    budget=OWN.budget and OWN.budget.model_dump(),
    image_cache=CACHE,
    network={
        "existing": {
            **EXISTING,
            "private_subnets": {f"ap-southeast-2{z}": f"subnet-{i:017}" for i, z in enumerate("abcdef")},
            "public_subnets": {f"ap-southeast-2{z}": f"subnet-1{i:016}" for i, z in enumerate("abcdef")},
        }
    },
)
POLICIES: dict[str, list[Statement]] = {
    "deploy": deploying(OWN),
    "deploy-largest": deploying(LARGEST),
    "ephemeral": trying(OWN),
    "read": reading(OWN),
    "boundary": boundary(OWN, ["dynamodb:GetItem"]),
    "state": state_access(KEYS, read=["dev"], written=["pr-*"]),
}


def short(statements: list[Statement]) -> int:
    """The characters that IAM counts of a policy: not those of its layout."""
    return len(json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")))


def several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


# --- IAM takes them: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html


@pytest.mark.parametrize("settings", [OWN, LARGEST, load_file("dev").cluster, load_file("prod").cluster])
def test_policies_fit_into_iams_limits(settings: EksCluster) -> None:
    state = state_access(KEYS, read=[], written=["an-environment-of-30-characters"])

    assert short([*deploying(settings), *state]) <= 10_240, "the inline policies of a role"
    assert short(reading(settings)) <= 6_144, "a managed policy"
    assert short(boundary(settings, [f"dynamodb:GetItem{i:04}" for i in range(40)])) <= 6_144


@pytest.mark.parametrize("name", POLICIES)
def test_every_action_is_one_of_aws(name: str) -> None:
    named = [action for statement in POLICIES[name] for action in several(statement["Action"])]

    assert [action for action in named if not actions(action)] == []


@pytest.mark.parametrize("name", POLICIES)
def test_every_condition_is_one_that_its_actions_know(name: str) -> None:
    """A condition on a key that a request does not have never holds: the statement would allow nothing."""
    everywhere = {"aws:RequestedRegion"}

    def unknown(statement: Statement) -> Iterator[str]:
        keys = {key for operator in statement.get("Condition", {}).values() for key in operator} - everywhere
        for action in (one for one in several(statement["Action"]) if not one.endswith("*")):
            known = condition_keys(action)
            yield from (f"{action}: {key}" for key in keys if not any(matches(one, key) for one in known))

    assert [one for statement in POLICIES[name] for one in unknown(statement)] == []


# --- A deployment has what its stack needs: what the provider calls for the stack's resources

EC2 = [
    *("AllocateAddress", "AssociateRouteTable", "AttachInternetGateway", "AuthorizeSecurityGroupEgress"),
    *("AuthorizeSecurityGroupIngress", "CreateFlowLogs", "CreateInternetGateway", "CreateLaunchTemplate"),
    *("CreateLaunchTemplateVersion", "CreateNatGateway", "CreateRoute", "CreateRouteTable"),
    *("CreateSecurityGroup", "CreateSubnet", "CreateVpc", "CreateVpcEndpoint", "DeleteFlowLogs"),
    *("DeleteInternetGateway", "DeleteLaunchTemplate", "DeleteNatGateway", "DeleteRoute", "DeleteRouteTable"),
    *("DeleteSecurityGroup", "DeleteSubnet", "DeleteVpc", "DeleteVpcEndpoints", "DetachInternetGateway"),
    *("ModifyLaunchTemplate", "ModifySecurityGroupRules", "ModifySubnetAttribute", "ModifyVpcAttribute"),
    *("ModifyVpcEndpoint", "ReleaseAddress", "ReplaceRoute", "RevokeSecurityGroupEgress"),
    *("RevokeSecurityGroupIngress", "RunInstances"),
]
OTHERS = [
    *("elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:DeleteTargetGroup"),
    *("elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:ModifyTargetGroup"),
    *("kms:EnableKeyRotation", "kms:ScheduleKeyDeletion", "kms:UpdateKeyDescription"),
]
NLB = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/net/some/1"


def tags(keys: set[str], value: str) -> Context:
    """The tags of a request on a resource, and of the resource, as far as AWS looks at them."""
    found = {"aws:RequestTag/${TagKey}": "aws:RequestTag", "aws:ResourceTag/${TagKey}": "aws:ResourceTag"}
    return {f"{key}/axon:cluster": value for form, key in found.items() if form in keys}


@pytest.mark.parametrize("action", [*(f"ec2:{name}" for name in EC2), *OTHERS])
def test_a_deployment_changes_what_has_its_tag_and_nothing_else(action: str) -> None:
    """Each resource that a request names is checked, for the tags that AWS' reference says."""
    kinds = list(required(action)) or [("any", "*", {"aws:ResourceTag/${TagKey}"})]

    def may(resource: str, keys: set[str], value: str) -> bool:
        place = resource if resource != "*" else f"arn:aws:ec2:eu-west-1:{ACCOUNT}:elastic-ip/some-1"
        return allowed(DEPLOY, action, place, {**HERE, **tags(keys, value)})

    assert [kind for kind, resource, keys in kinds if not may(resource, keys, "lab")] == []
    # AWS' own images have no tags of ours.
    others = [kind for kind, resource, keys in kinds if may(resource, keys, "lab2")]
    assert others == (["image"] if action == "ec2:RunInstances" else [])


@pytest.mark.parametrize(
    ("action", "resource", "context", "may"),
    [
        ("ec2:CreateTags", "vpc/vpc-1", {"aws:RequestTag/axon:cluster": "lab"}, False),
        (
            "ec2:CreateTags",
            "vpc/vpc-1",
            {"aws:RequestTag/axon:cluster": "lab", "ec2:CreateAction": "CreateVpc"},
            True,
        ),
        ("ec2:CreateTags", "vpc/vpc-1", {"aws:ResourceTag/axon:cluster": "lab"}, True),
        ("ec2:AuthorizeSecurityGroupIngress", "security-group/sg-1", {}, False),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            "security-group/sg-1",
            {"aws:ResourceTag/aws:eks:cluster-name": "lab"},
            True,
        ),
        ("ec2:RevokeSecurityGroupIngress", "security-group/default-of-a-new-vpc", {}, True),
        (
            "ec2:RevokeSecurityGroupIngress",
            "security-group/sg-1",
            {"aws:ResourceTag/axon:cluster": "other"},
            False,
        ),
        (
            "ec2:CreateTags",
            "security-group/of-nodes-of-another-cluster",
            {"aws:ResourceTag/aws:eks:cluster-name": "other"},
            False,
        ),
        ("ec2:TerminateInstances", "instance/i-1", {}, False),
    ],
)
def test_tags_are_set_where_a_thing_is_made(action: str, resource: str, context: Context, may: bool) -> None:
    assert allowed(DEPLOY, action, f"arn:aws:ec2:eu-west-1:{ACCOUNT}:{resource}", context) is may


def test_a_vpc_that_somebody_else_made_is_used_and_not_changed() -> None:
    given = cluster(network={"existing": EXISTING})
    vpc = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc/{EXISTING['vpc']}"

    assert allowed(deploying(given), "ec2:CreateSecurityGroup", vpc)
    assert not allowed(deploying(given), "ec2:DeleteVpc", vpc)
    assert not allowed(DEPLOY, "ec2:CreateSecurityGroup", vpc)


ROLE = f"arn:aws:iam::{ACCOUNT}:role"
REQUEST_TAG = {"aws:RequestTag/axon:cluster": "lab"}
TAG = {"aws:ResourceTag/axon:cluster": "lab"}


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("elasticloadbalancing:CreateLoadBalancer", NLB, REQUEST_TAG),
        ("elasticloadbalancing:CreateListener", NLB, {**REQUEST_TAG, **TAG}),
        (
            "elasticloadbalancing:AddTags",
            NLB,
            {**REQUEST_TAG, "elasticloadbalancing:CreateAction": "CreateLoadBalancer"},
        ),
        ("eks:CreateCluster", "*", {**REQUEST_TAG, "eks:bootstrapClusterCreatorAdminPermissions": "false"}),
        ("eks:DeleteCluster", f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/lab", {}),
        ("eks:DeleteNodegroup", f"arn:aws:eks:eu-west-1:{ACCOUNT}:nodegroup/lab/cpu/1", {}),
        ("kms:CreateKey", "*", REQUEST_TAG),
        ("kms:TagResource", KEY, REQUEST_TAG),
        ("kms:CreateAlias", KEY, TAG),
        ("kms:CreateAlias", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/lab-secrets", {}),
        ("kms:CreateGrant", KEY, {**TAG, "kms:GrantIsForAWSResource": "true"}),
        ("iam:CreateRole", f"{ROLE}/lab-nodes", LIMITED),
        ("iam:AttachRolePolicy", f"{ROLE}/lab-nodes", LIMITED),
        ("iam:DeleteRole", f"{ROLE}/lab-nodes", {}),
        ("iam:PassRole", f"{ROLE}/lab-nodes", {"iam:PassedToService": "eks.amazonaws.com"}),
        ("s3:DeleteBucket", "arn:aws:s3:::lab-models-1", {}),
        ("ecr:PutImage", f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/lab/iris", {}),
        ("ecr:GetAuthorizationToken", "*", {}),
        ("logs:CreateLogGroup", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/eks/lab/cluster", {}),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ", {}),
        ("budgets:ModifyBudget", f"arn:aws:budgets::{ACCOUNT}:budget/budget-1a2b3c4", {}),
        (
            "autoscaling:CreateOrUpdateTags",
            f"arn:aws:autoscaling:eu-west-1:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/eks-cpu",
            {"aws:ResourceTag/eks:cluster-name": "lab"},
        ),
    ],
)
def test_a_deployment_may_do_what_its_own_stack_needs(action: str, resource: str, context: Context) -> None:
    assert allowed(DEPLOY, action, resource, {**HERE, **context})
    # The same for another stack, by its name or its tag.
    other = deploying(cluster(name="other"))
    alike = action in ("ecr:GetAuthorizationToken",) or action.startswith("budgets:")
    assert alike or not allowed(other, action, resource, {**HERE, **context})


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("s3:GetObject", "arn:aws:s3:::others/file", {}),
        ("s3:DeleteBucket", "arn:aws:s3:::others", {}),
        ("eks:DeleteCluster", f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/lab2", {}),
        ("eks:CreateCluster", "*", {**REQUEST_TAG, "eks:bootstrapClusterCreatorAdminPermissions": "true"}),
        ("elasticloadbalancing:CreateListener", NLB, REQUEST_TAG),
        ("elasticloadbalancing:AddTags", NLB, REQUEST_TAG),
        ("kms:ScheduleKeyDeletion", KEY, {}),
        ("kms:PutKeyPolicy", KEY, TAG),
        ("kms:TagResource", KEY, {**REQUEST_TAG, "aws:ResourceTag/axon:cluster": "other"}),
        ("kms:TagResource", KEY, {**REQUEST_TAG, "aws:ResourceTag/axon:cluster": "axon-state"}),
        ("kms:CreateGrant", KEY, TAG),
        ("kms:Decrypt", KEY, TAG),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z00000000000000000000", {}),
        ("autoscaling:UpdateAutoScalingGroup", "*", TAG),
        ("organizations:LeaveOrganization", "*", {}),
        ("secretsmanager:GetSecretValue", "*", {}),
        ("ssm:GetParameter", f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/password", {}),
    ],
)
def test_a_deployment_may_not_touch_what_is_others(action: str, resource: str, context: Context) -> None:
    assert not allowed(DEPLOY, action, resource, {**HERE, **context})


# --- There is no way to more


ROLES = [
    f"{ROLE}/lab-nodes",
    f"{ROLE}/other-nodes",
    f"{ROLE}/axon-github-dev",
    f"{ROLE}/axon-github-prod",
    f"{ROLE}/OrganizationAccountAccessRole",
]
# Each service that a role can be handed to, and some of those that run code.
SERVICES = [
    "ec2",
    "eks",
    "pods.eks",
    "lambda",
    "cloudformation",
    "glue",
    "ecs-tasks",
    "codebuild",
    "sagemaker",
]


def contexts(*services: str) -> Iterator[Context]:
    """What a request for a role may say: no boundary, another one, or the stack's; to whom a role goes."""
    limits = [{}, LIMITED, {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}]
    for limit in limits:
        for service in services:
            yield {**HERE, **limit, **REQUEST_TAG, **TAG, "iam:PassedToService": f"{service}.amazonaws.com"}


def test_nothing_of_iam_is_changed_but_roles_of_the_stack_within_its_boundary() -> None:
    """By every action with which AWS lets one manage permissions, on every kind of identity."""
    changing = [name for name, what in actions("iam:*").items() if writes(what)]
    identities = [*ROLES, *(f"arn:aws:iam::{ACCOUNT}:{one}/x" for one in ("user", "group", "policy")), "*"]

    done = {
        (action, place, context.get("iam:PermissionsBoundary"))
        for action in changing
        for place in identities
        for context in contexts("ec2")
        if allowed(DEPLOY, action, place, context)
    }

    assert {place for _, place, _ in done} == {f"{ROLE}/lab-nodes"}
    unlimited = {action for action, _, limit in done if limit != LIMIT_ARN}
    assert unlimited == {
        *("iam:DeleteRole", "iam:PassRole", "iam:TagRole"),
        *("iam:UntagRole", "iam:UpdateRole", "iam:UpdateRoleDescription"),
    }
    assert "iam:DeleteRolePermissionsBoundary" not in {action for action, *_ in done}


def test_a_role_is_handed_to_the_services_that_the_stack_uses_alone() -> None:
    taken = {
        context["iam:PassedToService"]
        for context in contexts(*SERVICES)
        if allowed(DEPLOY, "iam:PassRole", f"{ROLE}/lab-nodes", context)
    }

    assert taken == {"ec2.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com"}


@pytest.mark.parametrize("policy", [DEPLOY, READ, trying(OWN), LIMIT, POLICIES["state"]])
def test_nobody_takes_another_role(policy: list[Statement]) -> None:
    takes = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"]

    assert [one for one in takes for role in ROLES if allowed(policy, one, role, HERE)] == []


def test_no_role_within_the_boundary_makes_or_changes_an_identity() -> None:
    """Whatever a deployment attaches to a role of its own, and so could do by taking that role."""
    everything: list[Statement] = [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]
    services = ("iam", "sts", "organizations", "account", "sso", "identitystore", "lambda", "cloudformation")
    names = [name for one in services for name, what in actions(f"{one}:*").items() if writes(what)]
    linked = {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}

    may = {
        name
        for name in names
        for place in (*ROLES, "*")
        if allowed(everything, name, place, {**HERE, **linked}, boundary=boundary(OWN, ["dynamodb:*Item"]))
    }

    assert may == {"iam:CreateServiceLinkedRole"}


def writes(action: Any) -> bool:
    return action["access_level"] not in ("List", "Read")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", f"arn:aws:s3:::axon-state-{ACCOUNT}-eu-west-1/.pulumi/stacks/axon/prod.json"),
        ("kms:Decrypt", KEY),
        ("ssm:GetParameter", f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/password"),
        ("secretsmanager:GetSecretValue", "*"),
        ("ec2:RunInstances", "*"),
    ],
)
def test_a_role_within_the_boundary_reads_no_state_and_no_secrets(action: str, resource: str) -> None:
    assert not allowed(LIMIT, action, resource, HERE)


def test_what_models_may_do_does_not_open_the_state() -> None:
    limit = boundary(OWN, ["kms:Decrypt"])

    assert allowed(limit, "kms:Decrypt", KEY, {**HERE, "kms:ResourceAliases": "alias/our-models"})
    assert not allowed(limit, "kms:Decrypt", KEY, {**HERE, "kms:ResourceAliases": "alias/axon-state-dev"})


RULES = ["ecr:CreatePullThroughCacheRule", "ecr:UpdatePullThroughCacheRule", "ecr:DeletePullThroughCacheRule"]


def test_a_deployment_changes_the_accounts_cache_rules_only_where_its_stack_has_a_cache() -> None:
    cached = deploying(LARGEST)
    linked = {**HERE, "iam:AWSServiceName": "pullthroughcache.ecr.amazonaws.com"}
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/pullthroughcache.ecr.amazonaws.com/x"

    assert [rule for rule in RULES if not allowed(cached, rule, "*", HERE)] == []
    assert allowed(cached, "iam:CreateServiceLinkedRole", role, linked)
    assert [rule for rule in RULES if allowed(DEPLOY, rule, "*", HERE)] == []
    assert not allowed(DEPLOY, "iam:CreateServiceLinkedRole", role, linked)


# --- The boundary leaves what the platform needs


def test_the_boundary_leaves_what_nodes_need_to_fill_the_cache() -> None:
    limit, context = boundary(LARGEST, []), {"aws:RequestedRegion": "ap-southeast-2"}
    needed = [
        (action, resource)
        for one in permissions(LARGEST)
        for action in several(one["Action"])
        for resource in several(one["Resource"])
    ]

    assert needed
    assert [pair for pair in needed if not allowed(limit, *pair, context)] == []


OF_AWS = [
    *("AmazonEKSClusterPolicy", "AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"),
    *("AmazonSSMManagedInstanceCore", "AmazonEKS_CNI_Policy", "AmazonEBSCSIDriverPolicyV2"),
]
# Parameters are where an account keeps secrets; Session Manager works without.
LEFT_OUT = {"ssm:GetParameter", "ssm:GetParameters"}


@pytest.mark.parametrize("name", OF_AWS)
def test_the_boundary_leaves_what_aws_own_policies_allow(name: str) -> None:
    """Moto has AWS' policies as they are."""
    document = json.loads(aws_managed_policies_data)[name]["Document"]
    named = {action for one in document["Statement"] for action in several(one["Action"])} - LEFT_OUT
    context = {**HERE, "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}

    assert [action for action in sorted(named) if not allowed(LIMIT, action, "*", context)] == []
