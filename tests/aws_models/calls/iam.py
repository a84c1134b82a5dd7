"""Calls of IAM."""

from tests.aws_models.resource import Made, Resource


def role(resource: Resource) -> Made:
    name = resource.own_name()
    resource.take("forceDetachPolicies")
    made = resource.create(
        "iam", "CreateRole", {"assumeRolePolicy": "AssumeRolePolicyDocument"}, RoleName=name
    )["Role"]
    return Made(name, {"name": name, "arn": made["Arn"]})


def policy(resource: Resource) -> Made:
    made = resource.create(
        "iam", "CreatePolicy", {"policy": "PolicyDocument"}, PolicyName=resource.own_name()
    )["Policy"]
    return Made(made["Arn"], {"arn": made["Arn"], "name": made["PolicyName"]})


def role_policy(resource: Resource) -> Made:
    name = resource.own_name()
    role_name = resource.inputs["role"]
    resource.create("iam", "PutRolePolicy", {"role": "RoleName", "policy": "PolicyDocument"}, PolicyName=name)
    return Made(f"{role_name}:{name}")


def role_policy_attachment(resource: Resource) -> Made:
    role_name, arn = resource.inputs["role"], resource.inputs["policyArn"]
    resource.create("iam", "AttachRolePolicy", {"role": "RoleName"})
    return Made(f"{role_name}/{arn}")


def open_id_connect_provider(resource: Resource) -> Made:
    arn = resource.create("iam", "CreateOpenIDConnectProvider")["OpenIDConnectProviderArn"]
    return Made(arn, {"arn": arn})
