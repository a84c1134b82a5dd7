"""The stack's own image registry, in ECR."""

import json
from collections.abc import Iterable

import pulumi
import pulumi_aws as aws

from stacks.settings.aws.eks import EksCluster

# A model's image is small and its old tags are what a rollback needs; untagged layers are nobody's.
_UNTAGGED_DAYS = 7
_KEPT = 50


class Registry(pulumi.ComponentResource):
    """A repository for each image: tags that never change, scanned on push, old ones removed."""

    def __init__(
        self,
        name: str,
        settings: EksCluster,
        images: Iterable[str],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:registry:Registry", name, None, opts)
        for image in sorted(set(images)):
            self._repository(settings, image)
        self.register_outputs({})

    def _repository(self, settings: EksCluster, image: str) -> None:
        repository = aws.ecr.Repository(
            image,
            name=f"{settings.name}/{image}",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="AES256")
            ],
            # It goes with its model; a tag is a hash of what it is built from, and can be built again. From a
            # protected stack nothing goes that a rollback may need: `axon:images.keep`.
            force_delete=not settings.protected,
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protected or None),
        )
        aws.ecr.LifecyclePolicy(
            image,
            repository=repository.name,
            policy=json.dumps({"rules": [expiry("untagged", days=_UNTAGGED_DAYS), _surplus()]}),
            opts=pulumi.ResourceOptions(parent=self),
        )


def expiry(tag_status: str, *, days: int) -> dict[str, object]:
    """Return the first rule of a lifecycle policy: images of such tags go so long after they were pushed."""
    selection = {
        "tagStatus": tag_status,
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": days,
    }
    return {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}


def _surplus() -> dict[str, object]:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": _KEPT}
    return {"rulePriority": 2, "selection": selection, "action": {"type": "expire"}}
