"""Calls of ECR."""

from tests.aws_models.resource import Made, Resource


def repository(resource: Resource) -> Made:
    name = resource.inputs["name"]
    resource.take("forceDelete")
    made = resource.create("ecr", "CreateRepository", {"name": "repositoryName"})["repository"]
    return Made(
        name,
        {
            "arn": made["repositoryArn"],
            "repositoryUrl": made["repositoryUri"],
            "registryId": made["registryId"],
        },
    )


def lifecycle_policy(resource: Resource) -> Made:
    name = resource.inputs["repository"]
    resource.create(
        "ecr", "PutLifecyclePolicy", {"repository": "repositoryName", "policy": "lifecyclePolicyText"}
    )
    return Made(name)


def creation_template(resource: Resource) -> Made:
    prefix = resource.inputs["prefix"]
    resource.create("ecr", "CreateRepositoryCreationTemplate")
    return Made(prefix)


def pull_through_cache_rule(resource: Resource) -> Made:
    prefix = resource.inputs["ecrRepositoryPrefix"]
    resource.create("ecr", "CreatePullThroughCacheRule")
    return Made(prefix)
