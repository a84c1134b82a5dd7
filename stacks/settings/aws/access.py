"""AWS permissions of a model's replicas."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.aws.units import PolicyArn, S3Path, no_duplicates
from stacks.settings.base import Settings

# Limit by the size of a role's policy.
MOST_PLACES = 20


class AwsAccess(Settings):
    """AWS permissions of the replicas, granted by an IAM role of the model's own. Only on EKS."""

    read: list[S3Path] = Field(default_factory=list[str], max_length=MOST_PLACES)
    """Paths in S3 that the replicas may read, such as `s3://bucket/models/iris/`. A slash at the end means
    the whole folder.
    """

    policy_arns: Annotated[list[PolicyArn], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=10
    )
    """ARNs of managed IAM policies that are attached to the model's role. Prefer `read` if the model only
    reads from S3.
    """

    @property
    def granted(self) -> bool:
        """True if a permission is granted, so that the model needs a role."""
        return bool(self.read or self.policy_arns)

    def and_read(self, places: list[str]) -> "AwsAccess":
        """Return the same permissions with more readable paths, except those in a folder that is readable
        already.
        """
        folders = tuple(place for place in self.read if place.endswith("/"))
        more = [place for place in places if place not in self.read and not place.startswith(folders)]
        return self.model_copy(update={"read": [*self.read, *more]})
