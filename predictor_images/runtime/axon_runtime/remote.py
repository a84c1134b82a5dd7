"""Files in object stores and on web servers, through obstore: what is there, and its bytes.

obstore finds credentials as AWS's and Google's own libraries do (EKS Pod Identity, environment, instance),
and repeats a request that fails for the time being.
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

if TYPE_CHECKING:  # obstore has these for type checkers alone
    from obstore.store import BackoffConfig, ClientConfig, RetryConfig

RETRIES = 6
_CHUNK_BYTES = 8 * 2**20
# Where they name a store of one's own, such as MinIO, it may do without TLS.
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "GOOGLE_BASE_URL")


class Stream(Protocol):
    """The bytes of a file, from its start."""

    def __call__(self) -> Iterator[Any]:
        """Return them in pieces."""
        ...


@dataclass(frozen=True)
class RemoteFile:
    """One file of a model."""

    name: str
    """Its path below the model's folder, or the file's own name."""

    size: int
    stream: Stream


@dataclass(frozen=True)
class RemoteModel:
    """A model as it is there now: one file, or the files of a folder."""

    files: list[RemoteFile]
    version: str
    """What differs when the content does; empty where the server does not say."""

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)


def without_query(url: str) -> str:
    """Return what of a URL may be logged: neither query nor password, which may be secrets."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def look(url: str) -> RemoteModel:
    """Return what is at a URL; its bytes are read later.

    Raises:
        FileNotFoundError, obstore.exceptions.BaseError: as obstore does.
    """
    store, key = _store(url)
    if key.endswith("/"):
        return _folder(store, key)
    # One request for the version and the bytes: they are of one another, and a presigned URL allows no HEAD.
    result = obstore.get(store, key)
    stream = partial(result.stream, min_chunk_size=_CHUNK_BYTES)
    name = key.rsplit("/", 1)[-1]
    return RemoteModel([RemoteFile(name, result.meta["size"], stream)], _version(result.meta))


def _store(url: str) -> tuple[Any, str]:
    """Return the store of a URL, and the key in it."""
    # Timeouts are of a connection and of a read: a large model takes as long as it takes.
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
    # Consoles make an empty object of a folder's own name.
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
    # Where a server sends no Last-Modified, obstore says 1970.
    changed = meta["last_modified"].isoformat() if meta["last_modified"].timestamp() else ""
    return meta["e_tag"] or changed
