"""Folders of the project in a stack file."""

import re
from typing import Annotated

from pydantic import AfterValidator

# https://github.com/distribution/reference, and the part of it that ECR accepts:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_COMPONENT = r"[a-z0-9]+([._-][a-z0-9]+)*"


def _relative_path(text: str) -> str:
    parts = text.removesuffix("/").split("/")
    if ".." in parts or not all(parts):
        raise ValueError(f'"{text}" must be a path inside the project, such as predictors/iris')
    for part in parts:
        # A hidden folder, such as .git, is not a predictor; `.` is the whole project.
        if part.startswith(".") or not re.fullmatch(r"[A-Za-z0-9._-]+", part):
            raise ValueError(
                f'"{text}": "{part}" cannot be a folder here: letters, digits, ".", "_" and "-", no "." first'
            )
    return "/".join(parts)


def _folder(text: str) -> str:
    """Check the folder of a predictor, whose name the image has."""
    path = _relative_path(text)
    name = path.rpartition("/")[2]
    if not re.fullmatch(_COMPONENT, name) or len(name) > 100:
        near = re.sub(r"[^a-z0-9]+", "-", name.lower())[:100].strip("-") or "iris"
        raise ValueError(
            f'"{text}": no registry takes an image called {name}, as its folder: rename that (try {near})'
        )
    return path


RelativePath = Annotated[str, AfterValidator(_relative_path)]
FolderPath = Annotated[str, AfterValidator(_folder)]
