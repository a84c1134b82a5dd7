"""ECR's pull-through cache: copies of the platform's images, which ECR fetches itself."""

import subprocess
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.iam import Statement, allow
from components.platform import versions
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.extras import CACHED, ImageCache
from stacks.settings.images import Images

# Accepted media types; ECR responds as soon as it has the image.
_MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in ("oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.list.v2")
)
_SECONDS = 120


class PullThroughCache(pulumi.ComponentResource):
    """Pull-through cache rule per registry of the platform's images."""

    def __init__(
        self,
        name: str,
        cluster: EksCluster,
        cache: ImageCache,
        images: Images,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:image_cache:PullThroughCache", name, None, opts)
        for registry, cached in CACHED.items():
            aws.ecr.PullThroughCacheRule(
                cached.prefix,
                ecr_repository_prefix=f"{cluster.name}/{cached.prefix}",
                upstream_registry_url=cached.url,
                credential_arn=cache.secret(registry),
                opts=pulumi.ResourceOptions(parent=self, hooks=_filled(cluster, images, registry)),
            )
        self.register_outputs({})


def permissions(cluster: EksCluster) -> list[Statement]:
    """Return the permissions of nodes that fill the cache, in addition to the managed policy for pulls.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
    """
    folder = f"arn:aws:ecr:{cluster.region}:{cluster.account}:repository/{cluster.name}"
    repositories = [f"{folder}/{cached.prefix}/*" for cached in CACHED.values()]
    return [allow(["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"], repositories)]


def _filled(cluster: EksCluster, images: Images, registry: str) -> pulumi.ResourceHookBinding:
    def fetch(_: pulumi.ResourceHookArgs) -> None:
        fill(cluster.region, [image for image in cached_images(cluster, images) if _of(registry, image)])

    # Nodes with internet access fetch the images that this machine could not.
    options = pulumi.ResourceHookOptions(ignore_errors=True)
    hook = pulumi.ResourceHook(f"fill-image-cache-{CACHED[registry].prefix}", fetch, options)
    return pulumi.ResourceHookBinding(after_create=[hook])


def _of(registry: str, image: str) -> bool:
    return f"/{CACHED[registry].prefix}/" in image


def cached_images(cluster: EksCluster, images: Images) -> list[str]:
    """Return the ECR references of those platform images that the cache covers."""
    autoscaler = f"{versions.CLUSTER_AUTOSCALER_IMAGE}:{versions.CLUSTER_AUTOSCALER[cluster.version]}"
    upstream = [image for image in (*versions.IMAGES, autoscaler) if image.split("/")[0] in CACHED]
    return [images.mirrored(image) for image in upstream]


def fill(region: str, images: Sequence[str]) -> None:
    """Make ECR fetch images, with the requests that a node would send.

    Inside a VPC without internet access, ECR fetches no image that it does not have:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-vpc-endpoint-considerations

    Raises:
        RuntimeError: without a login, or with a line for each image that ECR did not fetch.
    """
    command = ["aws", "ecr", "get-login-password", "--region", region]
    login = subprocess.run(command, capture_output=True, text=True, check=False)
    if login.returncode:
        raise RuntimeError(f"aws ecr get-login-password: {login.stderr.strip()}")
    password = login.stdout.strip()
    if failed := [line for image in images if (line := _fetch(image, password))]:
        raise RuntimeError("\n".join(failed))


def _fetch(image: str, password: str) -> str | None:
    import httpx  # (a tenth of a second that only a stack with a cache pays)

    repository, tag = image.rsplit(":", 1)
    host, path = repository.split("/", 1)
    answer = httpx.get(
        f"https://{host}/v2/{path}/manifests/{tag}",
        headers={"Accept": _MANIFESTS},
        auth=("AWS", password),
        timeout=_SECONDS,
    )
    return None if answer.status_code == 200 else f"{image}: {answer.status_code} {answer.text[:200]}"
