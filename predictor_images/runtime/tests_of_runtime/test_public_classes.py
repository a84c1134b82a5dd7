"""Classes that predictors import from the package `axon_runtime`."""

import subprocess
import sys
from pathlib import Path

import httpx

from tests_of_runtime.servers import replica

PREDICTOR = """
from axon_runtime import HttpError, Response, UploadedFile


class Predictor:
    def predict(self, payload):
        if not isinstance(payload["photo"], UploadedFile):
            raise HttpError(415, "send the photo as a file")
        return Response(payload["photo"].read(), 201, media_type="image/png")
"""
# The parent of several processes imports the package and must use little memory.
LOADED = (
    "import sys, axon_runtime; print(*{'numpy', 'msgspec', 'uvicorn', 'python_multipart'} & {*sys.modules})"
)


def test_a_predictor_imports_its_classes_from_the_package(tmp_path: Path) -> None:
    (tmp_path / "predictor.py").write_text(PREDICTOR)

    with replica("python", tmp_path) as made:
        uploaded = httpx.post(made.url, files={"photo": ("cat.png", b"\x89PNG", "image/png")}, timeout=30)
        rejected = httpx.post(made.url, data={"photo": "cat"}, timeout=30)

    assert (uploaded.status_code, uploaded.content) == (201, b"\x89PNG")
    assert uploaded.headers["content-type"] == "image/png"
    assert (rejected.status_code, rejected.json()) == (415, {"error": "send the photo as a file"})


def test_the_package_loads_no_library() -> None:
    folder = Path(__file__).parents[1]

    loaded = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=folder, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == ""
