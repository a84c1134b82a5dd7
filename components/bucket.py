"""Settings of an S3 bucket: private access, encryption, and retention of old object versions."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws


def close(
    name: str, bucket: aws.s3.Bucket, *, key: pulumi.Input[str] | None = None, opts: pulumi.ResourceOptions
) -> None:
    """Allow access only by IAM and TLS, and encrypt the bucket: with a KMS key, or with S3's own key."""
    closed = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="aws:kms" if key else "AES256", kms_master_key_id=key
                ),
                # Without a bucket key each object costs a call of KMS:
                # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
                bucket_key_enabled=True if key else None,
            )
        ],
        opts=opts,
    )
    aws.s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=bucket.arn.apply(_tls_only),
        # S3 accepts only one change of a bucket's access at a time.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[closed])),
    )


def keep(name: str, bucket: aws.s3.Bucket, *, days: int, opts: pulumi.ResourceOptions) -> None:
    """Keep noncurrent versions of objects for the given number of days."""
    versioning = aws.s3.BucketVersioning(
        name,
        bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=opts,
    )
    old = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=days)
    unfinished = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
        days_after_initiation=7
    )
    aws.s3.BucketLifecycleConfiguration(
        name,
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
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[versioning])),
    )


def _tls_only(arn: str) -> str:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    statement: dict[str, Any] = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
