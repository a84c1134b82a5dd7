"""What a model's replicas may do on AWS."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.aws.units import PolicyArn, S3Path, no_duplicates
from stacks.settings.base import Settings

# What fits into the policy of a role.
MOST_PLACES = 20


class AwsAccess(Settings):
    """What replicas may do on AWS, by a role of the model's own. On EKS alone."""

    read: list[S3Path] = Field(default_factory=list[str], max_length=MOST_PLACES)
    """Places in S3 that they may read."""

    policy_arns: Annotated[list[PolicyArn], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=10
    )
    """Managed policies of yours (Cortex's iam_policy_arns, for one model)."""

    @property
    def granted(self) -> bool:
        """Whether there is anything that needs a role."""
        return bool(self.read or self.policy_arns)

    def and_read(self, places: list[str]) -> "AwsAccess":
        """Return the same with more places to read, but for what is in a folder of them already."""
        folders = tuple(place for place in self.read if place.endswith("/"))
        more = [place for place in places if place not in self.read and not place.startswith(folders)]
        return self.model_copy(update={"read": [*self.read, *more]})
