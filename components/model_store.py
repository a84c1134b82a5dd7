"""S3 bucket for models."""

import pulumi
import pulumi_aws as aws

from components.bucket import close, keep
from stacks.settings.aws.eks import EksCluster


class ModelStore(pulumi.ComponentResource):
    """Private bucket: versioned, encrypted, TLS only, with a limited retention of old versions."""

    bucket: pulumi.Output[str]
    """Name of the bucket."""

    def __init__(
        self, name: str, settings: EksCluster, *, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("axon:model_store:ModelStore", name, None, opts)
        store, child = settings.model_store, pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            name,
            bucket_prefix=f"{settings.name}-{name}-",
            force_destroy=store.delete_with_contents,
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protected or None),
        )
        self.bucket = bucket.id
        close(name, bucket, opts=child)
        keep(name, bucket, days=store.old_versions_days, opts=child)
        self.register_outputs({"bucket": self.bucket})
