"""ECR's pull-through cache: what has to agree with ECR, and what nodes may do."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.session import get_session

from components import image_cache
from components.image_cache import PullThroughCache, cached_images, fill, permissions
from components.platform import versions
from stacks.settings.aws.extras import CACHED
from stacks.settings.images import Images
from tests.unit.conftest import Recorder
from tests.unit.on_aws import cluster
from tests.unit.stand_ins import command

RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
_SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache"
SECRETS = {"docker_hub": f"{_SECRET}/hub-1a2b3c", "github": f"{_SECRET}/ghcr-1a2b3c"}
SETTINGS = cluster(name="a-name-of-twenty-chr", image_cache=SECRETS)
IMAGES = Images(registry=SETTINGS.registry, mirrors=SETTINGS.image_mirrors)
Deploy = Callable[[Callable[[], Any]], Recorder]


@pytest.fixture(scope="module")
def made(deploy: Deploy) -> Recorder:
    assert SETTINGS.image_cache
    cache = SETTINGS.image_cache
    return deploy(lambda: PullThroughCache("image-cache", SETTINGS, cache, IMAGES) and None)


def test_a_rule_is_what_ecr_takes(made: Recorder) -> None:
    asked: Any = get_session().get_service_model("ecr").shape_for("CreatePullThroughCacheRuleRequest")
    limits = {name: shape.metadata for name, shape in asked.members.items()}
    documentation = asked.members["upstreamRegistryUrl"].documentation

    for rule in made.all(RULE):
        prefix = rule["ecrRepositoryPrefix"]
        assert len(prefix) <= limits["ecrRepositoryPrefix"]["max"]
        assert re.fullmatch(limits["ecrRepositoryPrefix"]["pattern"], prefix)
        assert f">{rule['upstreamRegistryUrl']}<" in documentation
        if "credentialArn" in rule:
            assert re.fullmatch(limits["credentialArn"]["pattern"], rule["credentialArn"])


def test_nodes_pull_from_where_the_rules_put_copies(made: Recorder) -> None:
    folders = {f"{rule['ecrRepositoryPrefix']}/" for rule in made.all(RULE)}

    for image in cached_images(SETTINGS, IMAGES):
        path = image.partition("/")[2]
        assert any(path.startswith(folder) for folder in folders)
    assert IMAGES.mirrored(versions.NVIDIA_IMAGE) == versions.NVIDIA_IMAGE, "which ECR cannot cache"


def test_nodes_may_make_the_copies_repositories_and_no_others() -> None:
    (statement,) = permissions(SETTINGS)

    assert statement["Action"] == ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    folder = "arn:aws:ecr:eu-west-1:111122223333:repository/a-name-of-twenty-chr"
    assert set(statement["Resource"]) == {f"{folder}/{cached.prefix}/*" for cached in CACHED.values()}


@pytest.mark.parametrize("status", [200, 404])
def test_the_cache_is_filled_by_asking_for_each_image(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    """A node without a way to the internet gets nothing that ECR does not have yet."""
    command(tmp_path, "aws", "echo a-password")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    asked: list[tuple[str, Any]] = []

    def get(url: str, **options: Any) -> httpx.Response:
        asked.append((url, options["auth"]))
        return httpx.Response(status, text="not found")

    monkeypatch.setattr(httpx, "get", get)
    images = cached_images(SETTINGS, IMAGES)
    if status == 200:
        fill("eu-west-1", images)
    else:
        with pytest.raises(RuntimeError, match=r"envoyproxy/gateway.*404 not found"):
            fill("eu-west-1", images)

    folder = SETTINGS.registry.replace("/", "/v2/", 1)
    gateway = f"https://{folder}/hub/envoyproxy/gateway/manifests/{versions.ENVOY_GATEWAY}"
    assert (gateway, ("AWS", "a-password")) in asked
    assert len(asked) == len(images)


def test_every_image_of_the_platform_is_in_the_list() -> None:
    named = {value for name, value in vars(versions).items() if name.endswith("_IMAGE") and ":" in value}

    assert set(versions.IMAGES) == named
    assert image_cache.cached_images(SETTINGS, IMAGES)
