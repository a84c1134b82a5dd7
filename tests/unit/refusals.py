"""What a wrong stack file, or wrong settings, are answered with."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from stacks.settings import SettingsError, load_file
from stacks.settings.errors import Problem, problems


def lines(stack_file: Path, text: str) -> list[str]:
    """The lines that a wrong stack file is answered with."""
    stack_file.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_file("test")
    return str(error.value).splitlines()


def refused(kind: type[BaseModel], given: dict[str, Any]) -> list[Problem]:
    """What is said of wrong settings, nothing of right ones."""
    try:
        kind.model_validate(given)
    except ValidationError as error:
        return problems(error, kind)
    return []
