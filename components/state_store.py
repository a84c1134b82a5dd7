"""Where the engine keeps its state in an AWS account, and the key of the secrets in it."""

import pulumi
import pulumi_aws as aws

from components.bucket import close, keep
from stacks.settings.bootstrap import KEY_ALIAS, Bootstrap

# Longer than a mistake stays unseen.
_OLD_VERSIONS_DAYS = 90


class StateStore(pulumi.ComponentResource):
    """A bucket that is private, versioned and encrypted by a key of its own; both refuse to be deleted."""

    bucket: pulumi.Output[str]
    """The bucket's name."""

    bucket_arn: pulumi.Output[str]
    """Its ARN."""

    key_arn: pulumi.Output[str]
    """The key's ARN."""

    def __init__(self, name: str, settings: Bootstrap, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("axon:state_store:StateStore", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        key = aws.kms.Key(
            name,
            description="The state of axon's stacks, and the secrets in it",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            opts=kept,
        )
        aws.kms.Alias(name, name=KEY_ALIAS, target_key_id=key.id, opts=child)
        bucket = aws.s3.Bucket(name, bucket=settings.bucket, opts=kept)
        close(name, bucket, key=key.arn, opts=child)
        keep(name, bucket, days=_OLD_VERSIONS_DAYS, opts=child)
        self.bucket, self.bucket_arn, self.key_arn = bucket.id, bucket.arn, key.arn
        self.register_outputs({"bucket": self.bucket})
