"""Image registry of a stack, in ECR."""

import json
from collections.abc import Iterable

import pulumi
import pulumi_aws as aws

from stacks.settings.aws.eks import EksCluster

# A model's image is small and a rollback needs its old tags; untagged layers are unused.
_UNTAGGED_DAYS = 7
_KEPT = 50


class Registry(pulumi.ComponentResource):
    """Repository per image: immutable tags, scan on push, expiry of old images."""

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
            # The repository is deleted with its model; its tags are hashes of their content, and can be
            # rebuilt. In a protected stack, images that a rollback may need are kept: `axon:images.keep`.
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
    """Return the first rule of a lifecycle policy: images with this tag status expire after the given
    days.
    """
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
