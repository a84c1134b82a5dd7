"""Files in object stores and on web servers, through obstore: listings and content.

obstore finds credentials in the same places as AWS's and Google's own libraries (EKS Pod Identity,
environment, instance), and retries requests that fail temporarily.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import GCSStore, HTTPStore, S3Store

if TYPE_CHECKING:  # obstore provides these only for type checkers
    from obstore.store import BackoffConfig, ClientConfig, RetryConfig

RETRIES = 6
_CHUNK_BYTES = 8 * 2**20
# Variables of a custom store's endpoint, such as MinIO's, which may be without TLS.
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "GOOGLE_BASE_URL")


class Stream(Protocol):
    """Content of a file, from its start."""

    def __call__(self) -> Iterator[Any]:
        """Return the content in chunks."""
        ...


@dataclass(frozen=True)
class RemoteFile:
    """One file of a model."""

    name: str
    """Path below the model's folder, or the file's own name."""

    size: int
    stream: Stream


@dataclass(frozen=True)
class RemoteModel:
    """Current remote model: one file, or the files of a folder."""

    files: list[RemoteFile]
    version: str
    """Version of the content; empty if the server does not provide one."""

    @property
    def size(self) -> int:
        """Total size of all files in bytes."""
        return sum(file.size for file in self.files)


def without_query(url: str) -> str:
    """Return a URL without query and password, which may be secrets, for logs."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def look(url: str) -> RemoteModel:
    """Return the model at a URL; its content is read later.

    Raises:
        FileNotFoundError, obstore.exceptions.BaseError: from obstore.
    """
    store, key = _store(url)
    if key.endswith("/"):
        return _folder(store, key)
    # A single request for version and content: they are consistent, and a presigned URL does not allow HEAD.
    result = obstore.get(store, key)
    stream = partial(result.stream, min_chunk_size=_CHUNK_BYTES)
    name = key.rsplit("/", 1)[-1]
    return RemoteModel([RemoteFile(name, result.meta["size"], stream)], _version(result.meta))


def _store(url: str) -> tuple[Any, str]:
    """Return the store of a URL, and the key in the store."""
    # The timeouts apply to connecting and to each read: a large model may take any time.
    client: ClientConfig = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "1day"}
    backoff: BackoffConfig = {
        "init_backoff": timedelta(seconds=0.1),
        "max_backoff": timedelta(seconds=15),
        "base": 2,
    }
    retry: RetryConfig = {
        "max_retries": RETRIES,
        "backoff": backoff,
        "retry_timeout": timedelta(minutes=3),
    }
    scheme, _, place = url.partition("://")
    if scheme in ("http", "https"):
        parts = urlsplit(url)
        client["allow_http"] = scheme == "http"
        base = f"{scheme}://{parts.netloc}/" + (f"?{parts.query}" if parts.query else "")
        store = HTTPStore.from_url(base, client_options=client, retry_config=retry)
        return store, unquote(parts.path.lstrip("/"))
    client["allow_http"] = any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS)
    bucket, _, key = place.partition("/")
    kind = S3Store if scheme == "s3" else GCSStore
    return kind(bucket, client_options=client, retry_config=retry), key


def _folder(store: Any, folder: str) -> RemoteModel:
    found = [meta for page in obstore.list(store, folder) for meta in page]
    if not found:
        raise FileNotFoundError(folder)
    parents = {meta["path"].rpartition("/")[0] for meta in found}
    # Consoles create an empty object with a folder's own name.
    metas = sorted((meta for meta in found if meta["path"] not in parents), key=lambda meta: meta["path"])
    files = [
        RemoteFile(meta["path"][len(folder) :], meta["size"], partial(_read, store, meta["path"]))
        for meta in metas
    ]
    versions = "\n".join(f"{meta['path']} {_version(meta)}" for meta in metas)
    return RemoteModel(files, hashlib.sha256(versions.encode()).hexdigest())


def _read(store: Any, key: str) -> Iterator[Any]:
    return iter(obstore.get(store, key).stream(min_chunk_size=_CHUNK_BYTES))


def _version(meta: Any) -> str:
    # If a server sends no Last-Modified, obstore returns 1970.
    changed = meta["last_modified"].isoformat() if meta["last_modified"].timestamp() else ""
    return meta["e_tag"] or changed
