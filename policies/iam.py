"""Checks of AWS permissions: of roles, and of resources with policies of their own."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policies.check import Context, Resource
from policies.documents import (
    Statement,
    UnreadableError,
    as_list,
    has_wildcard,
    is_read,
    is_wide_action,
    is_wide_resource,
    limits_callers,
    limits_resources,
    statements,
)

ROLE = "aws:iam/role:"
POLICY_DOCUMENTS = (
    "aws:iam/rolePolicy:",
    "aws:iam/policy:",
    "aws:iam/userPolicy:",
    "aws:iam/groupPolicy:",
    "aws:ssoadmin/permissionSetInlinePolicy:",
    ROLE,
)
ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:",
    "aws:iam/userPolicyAttachment:",
    "aws:iam/groupPolicyAttachment:",
    "aws:iam/policyAttachment:",
    "aws:iam/rolePolicyAttachmentsExclusive:",
    "aws:ssoadmin/managedPolicyAttachment:",
    ROLE,
)
_UNREADABLE = "has a policy document that cannot be read"
# Reads that return stored data or credentials: too much for all resources.
_SECRETS = (
    *("s3:getobject", "s3:getobjectversion", "dynamodb:getitem", "dynamodb:batchgetitem"),
    *("secretsmanager:getsecretvalue", "secretsmanager:batchgetsecretvalue"),
    *("ssm:getparameter", "ssm:getparameters", "ssm:getparametersbypath", "ssm:getparameterhistory"),
    *("sts:getfederationtoken", "sts:getsessiontoken", "redshift:getclustercredentials"),
    *("cognito-identity:getcredentialsforidentity", "lambda:getfunction", "kinesis:getrecords"),
    *("logs:getlogevents", "codecommit:getfile", "codecommit:getblob", "ec2:getpassworddata"),
)
# AWS managed policies for one service that rarely change. AWS can extend any other at any time.
_NARROW = (
    "AmazonEKS*Policy",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEBSCSIDriver*Policy*",
    "AmazonEFSCSIDriverPolicy",
    "AmazonS3ObjectLambdaExecutionRolePolicy",
    "AmazonPrometheusRemoteWriteAccess",
    "AmazonSSMManagedInstanceCore",
    "AWSXRayDaemonWriteAccess",
    "CloudWatchAgentServerPolicy",
    "?*ReadOnlyAccess",
    "?*ReadOnly",
)


def wildcard_iam(resource: Resource, _: Context) -> Iterator[str]:
    """Reject permissions for all actions of a service, or for changes to all resources."""
    if resource.op == "delete":
        return
    inline = [entry.get("policy") for entry in resource.inputs.get("inlinePolicies") or []]
    documents = [resource.inputs.get("policy"), resource.inputs.get("inlinePolicy"), *inline]
    try:
        for document in documents:
            for statement in statements(document):
                yield from _too_wide(statement)
    except UnreadableError:
        yield _UNREADABLE


def _too_wide(statement: Statement) -> Iterator[str]:
    for key in ("NotAction", "NotResource"):
        if key in statement:
            yield f"allows everything except its {key}"
            return
    actions = [str(action) for action in as_list(statement.get("Action", []))]
    if wide := [action for action in actions if is_wide_action(action)]:
        yield f"allows {', '.join(wide)}"
        return
    everywhere = any(is_wide_resource(str(arn)) for arn in as_list(statement.get("Resource", "*")))
    if everywhere and not limits_resources(statement):
        broad = [action for action in actions if not is_read(action) or _returns_data(action)]
        if broad:
            yield f"allows {', '.join(broad)} on all resources"


def _returns_data(action: str) -> bool:
    return any(fnmatchcase(secret, action.lower()) for secret in _SECRETS)


def administrators(resource: Resource, _: Context) -> Iterator[str]:
    """Reject AWS managed policies that allow everything, or more than one service needs."""
    inputs = resource.inputs
    given = [*as_list(inputs.get("policyArn")), *as_list(inputs.get("policyArns"))]
    for arn in [*given, *as_list(inputs.get("managedPolicyArns")), *as_list(inputs.get("managedPolicyArn"))]:
        name = str(arn or "").rsplit("/", 1)[-1]
        of_aws = str(arn).startswith("arn:") and ":iam::aws:policy/" in str(arn)
        narrow = any(fnmatchcase(name, pattern) for pattern in _NARROW) or not of_aws
        broad = name in ("AdministratorAccess", "PowerUserAccess") or name.endswith("FullAccess")
        if resource.op != "delete" and (broad or not narrow):
            yield f"attaches {name}"


def everybody(resource: Resource, _: Context) -> Iterator[str]:
    """Reject resources that anyone can use: by a resource policy, an ACL or a setting."""
    if resource.op == "delete" or resource.type.startswith("aws:ec2/vpcEndpoint:"):
        return
    yield from _switches(resource.inputs)
    if resource.type.startswith("aws:s3/bucketPublicAccessBlock:"):
        yield from _block(resource.inputs)
    try:
        for key in ("policy", "assumeRolePolicy", "accessPolicies", "resourcePolicy"):
            for statement in statements(resource.inputs.get(key)):
                yield from _public_statement(statement)
    except UnreadableError:
        yield _UNREADABLE


def _public_statement(statement: Statement) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield "is open to everyone except its NotPrincipal"
    principal = statement.get("Principal")
    if principal is None:
        return
    named = principal if isinstance(principal, Mapping) else {"AWS": principal}
    principals = [str(one) for values in named.values() for one in as_list(values)]
    is_public = any(
        one == "*" or (one.startswith("arn:") and has_wildcard(one.split(":", 5)[4])) for one in principals
    )
    # Everyone with an account at GitHub or the like can get a token there: `sub` says which are accepted.
    is_federated = any(":oidc-provider/" in one or ":saml-provider/" in one for one in principals)
    if (is_public or is_federated) and not limits_callers(statement):
        actions = ", ".join(str(action) for action in as_list(statement.get("Action", "all actions")))
        yield f"is public: {actions}"


def _switches(inputs: Mapping[str, Any]) -> Iterator[str]:
    acl = inputs.get("acl")
    if acl in ("public-read", "public-read-write", "authenticated-read"):
        yield f"is public: its ACL is {acl}"
    if any(group in str(inputs.get(key)) for key in ("grants", "accessControlPolicy") for group in _GROUPS):
        yield "is public: by a grant of its ACL"
    if str(inputs.get("publiclyAccessible")).lower() == "true":
        yield "is public: publiclyAccessible"
    if inputs.get("authorizationType") == "NONE" and "functionName" in inputs:
        yield "is public: its URL requires no login"
    if inputs.get("principal") == "*":
        yield f"is public: {inputs.get('action', 'all actions')}"


_GROUPS = ("groups/global/AllUsers", "groups/global/AuthenticatedUsers")


def _block(inputs: Mapping[str, Any]) -> Iterator[str]:
    keys = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    if off := [key for key in keys if str(inputs.get(key)).lower() != "true"]:
        yield f"allows public access to the bucket: {', '.join(off)} must be true"
