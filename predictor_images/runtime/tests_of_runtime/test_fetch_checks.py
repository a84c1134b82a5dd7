"""What is in the cache is what was asked for: by its whole URL, and by its checksum at every load."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axon_runtime.config import Source
from axon_runtime.fetch import FetchError, fetch

from tests_of_runtime.test_fetch import BODY, ETAG, SUM, cache, entries, server
from tests_of_runtime.web import Reply, Web

__all__ = ["cache", "server"]


def test_two_urls_that_differ_in_their_query_are_two_models(server: Web, cache: Path) -> None:
    url = server.add("/m", Reply(body=b"one", headers=ETAG), Reply(body=b"two", headers=ETAG))

    found = [fetch(Source(f"{url}?version={version}"), cache).read_bytes() for version in (1, 2)]

    assert found == [b"one", b"two"]


def damaged(path: Path) -> None:
    path.write_bytes(b"x" * len(BODY))


def truncated(path: Path) -> None:
    path.write_bytes(BODY[:-1])


def linked(path: Path) -> None:
    elsewhere = path.parents[2] / "elsewhere"
    elsewhere.write_bytes(BODY)
    path.unlink()
    path.symlink_to(elsewhere)


def joined(path: Path) -> None:
    (path.parent / "another").write_bytes(BODY)


def emptied(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replaced(path: Path) -> None:
    place = path.parent
    path.unlink()
    place.rmdir()
    (place.parents[1] / "others").mkdir()
    place.symlink_to(place.parents[1] / "others")


def dangling(path: Path) -> None:
    place = path.parent
    path.unlink()
    place.rmdir()
    place.symlink_to("/nothing")


WRONG = [damaged, truncated, linked, joined, emptied, folder, replaced, dangling]


@pytest.mark.parametrize("harm", WRONG)
def test_a_cached_model_that_is_not_its_checksums_is_fetched_anew(
    server: Web, cache: Path, harm: Callable[[Path], None]
) -> None:
    url = server.add("/m", Reply(body=BODY))
    harm(fetch(Source(url, SUM), cache))

    found = fetch(Source(url, SUM), cache)

    assert found.read_bytes() == BODY
    assert not found.is_symlink()
    assert os.path.realpath(found) == str(found)
    assert server.count("/m") == 2


@pytest.mark.parametrize("harm", WRONG)
def test_a_cached_model_of_its_contents_name_is_compared_with_what_came(
    server: Web, cache: Path, harm: Callable[[Path], None]
) -> None:
    url = server.add("/m", Reply(body=BODY))  # the server names no version
    harm(fetch(Source(url), cache))

    assert fetch(Source(url), cache).read_bytes() == BODY


@pytest.mark.parametrize("harm", [emptied, replaced, dangling])
def test_an_entry_of_the_cache_that_is_none_is_fetched_anew(
    server: Web, cache: Path, harm: Callable[[Path], None]
) -> None:
    url = server.add("/m", Reply(body=BODY, headers=ETAG))
    harm(fetch(Source(url), cache))

    assert fetch(Source(url), cache).read_bytes() == BODY


def test_a_cached_model_that_can_be_had_no_more_is_not_loaded_damaged(server: Web, cache: Path) -> None:
    url = server.add("/m", Reply(body=BODY), Reply(404))
    damaged(fetch(Source(url, SUM), cache))

    with pytest.raises(FetchError, match="404, there is no such file"):
        fetch(Source(url, SUM), cache)


def test_the_cache_is_not_used_for_another_checksum(server: Web, cache: Path) -> None:
    other = b"other"
    url = server.add("/m", Reply(body=BODY), Reply(body=other))

    first, second = (
        fetch(Source(url, checksum), cache) for checksum in (SUM, hashlib.sha256(other).hexdigest())
    )

    assert (first.read_bytes(), second.read_bytes()) == (BODY, other)
    assert len(entries(cache)) == 2


def test_a_folder_on_a_volume_has_no_checksum(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(FetchError, match="a folder has no checksum: name a file"):
        fetch(Source(f"file://{tmp_path}", SUM), cache)


def test_a_redirect_is_followed_and_its_content_compared(server: Web, cache: Path) -> None:
    real = server.add("/real", Reply(body=BODY))
    url = server.add("/m", Reply(302, headers={"location": real}))

    assert fetch(Source(url, SUM), cache).read_bytes() == BODY
    with pytest.raises(FetchError, match="its SHA-256 is"):
        fetch(Source(url, "0" * 64), cache)
