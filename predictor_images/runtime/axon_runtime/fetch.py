"""Fetching of models into a folder that replicas may share.

An entry of the cache never changes: its name is the hash of the whole URL, including the query, and of the
content's checksum or version. An entry is written to a temporary path under a lock and then renamed, so it is
either complete or missing. A checksum is verified at every load: others may write to a shared cache.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError

from axon_runtime.cached import holds, is_entry, remove, sha256_of
from axon_runtime.config import Source
from axon_runtime.logs import log
from axon_runtime.refusal import explain
from axon_runtime.remote import RemoteFile, RemoteModel, look, without_query
from axon_runtime.saved import LoadError

SCHEMES = ("s3", "gs", "https", "http", "file")
_ATTEMPTS = 3
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FetchError(LoadError):
    """A model cannot be fetched. The text is one line: the URL and the reason."""


class _InterruptedError(Exception):
    """The connection was interrupted in the middle of a file."""


def fetch(source: Source, cache: Path) -> Path:
    """Return the local path of a model's file, or of its folder if the URL ends with a slash.

    Raises:
        FetchError: when the model cannot be fetched.
    """
    scheme = source.url.partition("://")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"{known}://" for known in SCHEMES)
        raise FetchError(f"{without_query(source.url)}: {scheme}:// is not known (there are {known})")
    if scheme == "file":
        return _local(source)
    if without_query(source.url).endswith("/") and (source.sha256 or scheme.startswith("http")):
        why = "has no checksum" if source.sha256 else "of a web server cannot be listed"
        raise FetchError(f"{without_query(source.url)}: a folder {why}: name a file")
    try:
        return _Entry(source, cache).get()
    except OSError as error:
        raise FetchError(f"{cache}, the cache of models: {error.strerror}") from error


def _local(source: Source) -> Path:
    path = Path(unquote(urlsplit(source.url).path))
    if not path.exists():
        raise FetchError(f"{source.url}: no such file")
    if source.sha256:
        if not path.is_file():
            raise FetchError(f"{source.url}: a folder has no checksum: name a file")
        _check(source, sha256_of(path))
    return path


class _Entry:
    """Entry of a model in the cache."""

    def __init__(self, source: Source, cache: Path) -> None:
        self._source, self._cache = source, cache
        self._shown = without_query(source.url)
        self._name = _digest(source.url)
        self._part = cache / f".{self._name}.part"

    def get(self) -> Path:
        """Return the model, fetched unless it is in the cache."""
        if here := self._here(self._source.sha256):
            return here
        self._cache.mkdir(parents=True, exist_ok=True)
        with _locked(self._cache, self._name, self._shown):
            if here := self._here(self._source.sha256):  # the previous owner of the lock has fetched it
                return here
            _sweep(self._cache, self._name)
            return self._with_retries()

    def _here(self, version: str | None) -> Path | None:
        """Return a version of the model if it is in the cache and matches its checksum."""
        place = self._place(version) if version else None
        if place is None or not is_entry(place):
            return None
        if self._source.sha256 and not holds(place, self._source.sha256):
            log("warning", "the model in the cache is not what its SHA-256 says", url=self._shown)
            return None
        log("info", "the model is in the cache", url=self._shown)
        return self._inside(place)

    def _place(self, version: str) -> Path:
        return self._cache / _digest(f"{self._source.url}\n{version}")

    def _inside(self, place: Path) -> Path:
        return place if self._shown.endswith("/") else next(place.iterdir())

    def _with_retries(self) -> Path:
        attempt = 1
        while True:
            try:
                return self._fetch()
            except _InterruptedError as error:
                if attempt == _ATTEMPTS:
                    raise FetchError(f"{error}, {_ATTEMPTS} times") from error
                log("warning", str(error))
            finally:
                shutil.rmtree(self._part, ignore_errors=True)
            time.sleep(2 ** (attempt - 1))
            attempt += 1

    def _fetch(self) -> Path:
        try:
            model = look(self._source.url)
        except (BaseError, FileNotFoundError) as error:
            raise FetchError(explain(error, self._source.url)) from error
        version = self._source.sha256 or model.version
        if here := self._here(version):
            return here
        started = time.perf_counter()
        log("info", "fetching the model", url=self._shown, bytes=model.size)
        digest = self._download(model)
        seconds = round(time.perf_counter() - started, 3)
        log("info", "the model is fetched", url=self._shown, bytes=model.size, seconds=seconds)
        checksum = self._source.sha256 or (None if version else digest)
        return self._inside(self._keep(version or digest, checksum))

    def _download(self, model: RemoteModel) -> str:
        """Write all files to a temporary path and return the checksum of the last."""
        free, digest = shutil.disk_usage(self._cache).free, ""
        try:
            if model.size > free:
                raise OSError(errno.ENOSPC, "")
            for file in model.files:
                digest = self._write(file)
        except OSError as error:
            if error.errno not in _NO_SPACE:
                raise
            sizes = f"it has {_megabytes(model.size)}, and {_megabytes(free)} are free in {self._cache}"
            raise FetchError(f"{self._shown}: no space left: {sizes}") from error
        if self._source.sha256:
            _check(self._source, digest)
        return digest

    def _write(self, file: RemoteFile) -> str:
        path = self._part / file.name
        if not path.resolve().is_relative_to(self._part.resolve()):
            raise FetchError(f"{self._shown}: {file.name} leads out of its folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        total, size = hashlib.sha256(), 0
        with path.open("wb") as written:
            for piece in self._pieces(file):
                written.write(piece)
                total.update(piece)
                size += len(piece)
            written.flush()
            os.fsync(written.fileno())
        if size != file.size:
            raise _InterruptedError(f"{self._shown}: {file.name} has {file.size} bytes, and {size} came")
        return total.hexdigest()

    def _pieces(self, file: RemoteFile) -> Iterator[memoryview]:
        try:
            yield from map(memoryview, file.stream())
        except (BaseError, FileNotFoundError) as error:
            raise _InterruptedError(explain(error, self._source.url)) from error

    def _keep(self, version: str, checksum: str | None) -> Path:
        """Move the fetched files to their final path; an existing entry stays if it is the same."""
        place = self._place(version)
        if not is_entry(place) or (checksum and not holds(place, checksum)):
            remove(place)
        if not place.exists():
            _sync(self._part)
            self._part.rename(place)
            _sync(self._cache)
        return place


@contextmanager
def _locked(cache: Path, name: str, shown: str) -> Iterator[None]:
    """Hold the lock of a URL. The lock is released when the process ends, for any reason."""
    with (cache / f".{name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log("info", "another process fetches the model: waiting", url=shown)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(cache: Path, own: str) -> None:
    """Remove files of processes that ended during a download: their locks are free."""
    for part in cache.glob(".*.part"):
        name = part.name[1:].removesuffix(".part")
        if name == own:
            shutil.rmtree(part)
            continue
        with (cache / f".{name}.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(part, ignore_errors=True)


def _check(source: Source, found: str) -> None:
    if found != source.sha256:
        raise FetchError(f"{without_query(source.url)}: its SHA-256 is {found}, not {source.sha256}")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
