"""What the provider of AWS does when it changes a resource: for the types of which moto has to know it.

The call that made some types is made again. The changes of the other types are not made here.
"""

from contextlib import suppress

from tests.aws_models.account import Refused
from tests.aws_models.calls.balancing import listened
from tests.aws_models.calls.nodes import template_data
from tests.aws_models.resource import Resource

AGAIN = {
    "aws:iam/rolePolicy:RolePolicy",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
}


def change(resource: Resource, id_: str) -> None:
    """Change a resource that moto has, so that it has these inputs."""
    with suppress(Refused):  # it is among the account's findings
        if resource.token == "aws:lb/listener:Listener":
            _listener(resource, id_)
        elif resource.token == "aws:ec2/launchTemplate:LaunchTemplate":
            _launch_template(resource, id_)


def _listener(resource: Resource, id_: str) -> None:
    """Let it lead elsewhere: moto, as AWS, keeps a target group that a listener leads to."""
    resource.take("loadBalancerArn")
    resource.take("tags")
    resource.create("elbv2", "ModifyListener", ListenerArn=id_, **listened(resource))


def _launch_template(resource: Resource, id_: str) -> None:
    for key in ("name", "namePrefix", "tags"):
        resource.take(key)
    about, data = template_data(resource)
    resource.create(
        "ec2",
        "CreateLaunchTemplateVersion",
        LaunchTemplateId=id_,
        LaunchTemplateData=data,
        VersionDescription=about,
    )
