"""An image of one's own for tests: aiohttp and grpcio of this environment on the predictors' Python."""

import hashlib
import shutil
import sysconfig
import tempfile
from pathlib import Path

from axon.images.build import Builder, push_base, pushed
from axon.machine import LocalSettings
from stacks.settings.images import Images
from tests import image_server

_PACKAGES = (
    *("aiohappyeyeballs", "aiohttp", "aiosignal", "attr", "attrs", "frozenlist", "idna", "multidict"),
    *("propcache", "yarl", "grpc", "typing_extensions.py"),
)
_DOCKERFILE = """\
ARG BASE
FROM $BASE
COPY lib /lib-of-tests
COPY server.py /server.py
ENV PYTHONPATH=/lib-of-tests PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["python3", "/server.py"]
"""


def push_image(machine: LocalSettings, images: Images) -> str:
    """Push it, unless the registry has it, and return its name."""
    server = Path(image_server.__file__)
    content = hashlib.sha256(server.read_bytes() + _DOCKERFILE.encode() + repr(_PACKAGES).encode())
    image = images.repository(f"image-of-tests:{content.hexdigest()[:16]}")
    if pushed(image):
        return image
    push_base(machine, images.base)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "Dockerfile").write_text(_DOCKERFILE)
        shutil.copy(server, folder / "server.py")
        (folder / "lib").mkdir()
        for name in _PACKAGES:
            _copy(Path(sysconfig.get_path("platlib")) / name, folder / "lib" / name)
        Builder(machine).build(image, folder, folder / "Dockerfile", {"BASE": images.base})
    return image


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)
