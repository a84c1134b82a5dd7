"""The S3 bucket that models are kept in."""

import json

import pulumi
import pulumi_aws as aws

from stacks.settings.aws.eks import EksCluster


class ModelStore(pulumi.ComponentResource):
    """A private bucket: versioned, encrypted, TLS only, old versions removed after a while."""

    bucket: pulumi.Output[str]
    """Its name."""

    def __init__(
        self, name: str, settings: EksCluster, *, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("axon:model_store:ModelStore", name, None, opts)
        self._store, self._name = settings.model_store, name
        bucket = aws.s3.Bucket(
            name,
            bucket_prefix=f"{settings.name}-{name}-",
            force_destroy=self._store.delete_with_contents,
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protected or None),
        )
        self.bucket = bucket.id
        self._close(bucket)
        self._keep(bucket)
        self.register_outputs({"bucket": self.bucket})

    def _close(self, bucket: aws.s3.Bucket) -> None:
        child = pulumi.ResourceOptions(parent=self)
        closed = aws.s3.BucketPublicAccessBlock(
            self._name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            self._name,
            bucket=bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    )
                )
            ],
            opts=child,
        )
        aws.s3.BucketPolicy(
            self._name,
            bucket=bucket.id,
            policy=bucket.arn.apply(_tls_only),
            # S3 takes one change of a bucket's access at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )

    def _keep(self, bucket: aws.s3.Bucket) -> None:
        child = pulumi.ResourceOptions(parent=self)
        versioning = aws.s3.BucketVersioning(
            self._name,
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        old = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=self._store.old_versions_days
        )
        unfinished = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=7
        )
        aws.s3.BucketLifecycleConfiguration(
            self._name,
            bucket=bucket.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="old-versions",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    noncurrent_version_expiration=old,
                    abort_incomplete_multipart_upload=unfinished,
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )


def _tls_only(arn: str) -> str:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
