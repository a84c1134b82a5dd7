"""S3 bucket of Pulumi's state in an AWS account, and KMS keys of the secrets in the state."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.bucket import close, keep
from stacks.settings.account import STATE, key_alias
from stacks.settings.bootstrap import Bootstrap

# Longer than a mistake may remain unnoticed.
_OLD_VERSIONS_DAYS = 90


class StateStore(pulumi.ComponentResource):
    """Private, versioned, encrypted bucket, and a key per environment for secrets; all are protected."""

    bucket: pulumi.Output[str]
    """Name of the bucket."""

    bucket_arn: pulumi.Output[str]
    """ARN of the bucket."""

    key_arn: pulumi.Output[str]
    """ARN of the key that encrypts the bucket's objects, and the secrets of `bootstrap/`."""

    secrets: Mapping[str, pulumi.Output[str]]
    """ARN of each environment's key for secrets."""

    def __init__(self, name: str, settings: Bootstrap, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("axon:state_store:StateStore", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        key = self._key(name, "The state of axon's stacks", key_alias())
        bucket = aws.s3.Bucket(name, bucket=settings.bucket, opts=self._kept)
        close(name, bucket, key=key.arn, opts=self._child)
        keep(name, bucket, days=_OLD_VERSIONS_DAYS, opts=self._child)
        self.bucket, self.bucket_arn, self.key_arn = bucket.id, bucket.arn, key.arn
        self.secrets = {
            each: self._key(f"{name}-{each}", f"Secrets in the state of axon's {each}", key_alias(each)).arn
            for each in settings.environments
        }
        self.register_outputs({"bucket": self.bucket})

    def _key(self, name: str, description: str, alias: str) -> aws.kms.Key:
        key = aws.kms.Key(
            name,
            description=description,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            # Keeps every stack from changing the store as its own resource (components/deploy_policy.py).
            tags={"axon:cluster": STATE},
            opts=self._kept,
        )
        aws.kms.Alias(name, name=alias, target_key_id=key.id, opts=self._child)
        return key
