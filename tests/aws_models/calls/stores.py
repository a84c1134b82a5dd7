"""Calls of KMS, CloudWatch Logs and S3."""

from tests.aws_models.resource import Made, Resource


def key(resource: Resource) -> Made:
    rotated = resource.take("enableKeyRotation")
    days = resource.take("deletionWindowInDays")
    made = resource.create("kms", "CreateKey")["KeyMetadata"]
    if rotated:
        resource.call("kms", "EnableKeyRotation", KeyId=made["KeyId"])
    if days is not None:
        _could_be_deleted(resource, made["KeyId"], days)
    return Made(made["KeyId"], {"arn": made["Arn"], "keyId": made["KeyId"]})


def _could_be_deleted(resource: Resource, key_id: str, days: int) -> None:
    resource.call("kms", "ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=days)
    resource.call("kms", "CancelKeyDeletion", KeyId=key_id)
    resource.call("kms", "EnableKey", KeyId=key_id)


def alias(resource: Resource) -> Made:
    name = resource.inputs["name"]
    resource.create("kms", "CreateAlias", {"name": "AliasName"})
    return Made(name, {"arn": resource.arn("kms", name)})


def log_group(resource: Resource) -> Made:
    name, days = resource.take("name"), resource.take("retentionInDays")
    resource.create("logs", "CreateLogGroup", logGroupName=name)
    if days:
        resource.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
    return Made(name, {"arn": resource.arn("logs", f"log-group:{name}")})


def bucket(resource: Resource) -> Made:
    name, tags = resource.own_name("bucket", "bucketPrefix"), resource.take("tags")
    resource.take("forceDestroy")
    # us-east-1 is where a bucket is when nothing is said, and cannot be said.
    place = None if resource.region == "us-east-1" else {"LocationConstraint": resource.region}
    resource.create("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=place)
    if tags:
        resource.call("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})
    return Made(name, {"arn": f"arn:aws:s3:::{name}", "bucket": name})


def public_access_block(resource: Resource) -> Made:
    name, blocked = _bucket_and_rest(resource)
    resource.create("s3", "PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=blocked)
    return Made(name)


def encryption(resource: Resource) -> Made:
    name, rules = _bucket_and_rest(resource)
    resource.create("s3", "PutBucketEncryption", Bucket=name, ServerSideEncryptionConfiguration=rules)
    return Made(name)


def bucket_policy(resource: Resource) -> Made:
    name = resource.inputs["bucket"]
    resource.create("s3", "PutBucketPolicy")
    return Made(name)


def versioning(resource: Resource) -> Made:
    name = resource.inputs["bucket"]
    resource.create("s3", "PutBucketVersioning")
    return Made(name)


def lifecycle(resource: Resource) -> Made:
    name, rules = _bucket_and_rest(resource)
    resource.create("s3", "PutBucketLifecycleConfiguration", Bucket=name, LifecycleConfiguration=rules)
    return Made(name)


def _bucket_and_rest(resource: Resource) -> tuple[str, dict[str, object]]:
    name, rest = resource.take("bucket"), resource.inputs
    resource.inputs = {}
    return name, rest
