"""The JSON Schema that editors complete stack files with."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from stacks.settings import reference
from stacks.settings.loading import STACKS
from stacks.settings.schema import FILE, schema, text

STACK_FILES = sorted(STACKS.glob("Pulumi.*.yaml"))


def test_the_committed_schema_is_the_settings_own() -> None:
    assert FILE.read_text() == text(), "run `make schema` and commit the result"


@pytest.mark.parametrize("file", STACK_FILES, ids=lambda f: f.name)
def test_stack_files_are_valid_and_name_the_schema(file: Path) -> None:
    content = file.read_text()

    jsonschema.validate(yaml.safe_load(content), schema())
    assert content.startswith("# yaml-language-server: $schema=settings.schema.json")


def test_the_schema_refuses_a_key_that_it_does_not_know() -> None:
    content = yaml.safe_load(STACK_FILES[0].read_text())
    content["config"]["axon:modles"] = {}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema())


def test_the_configuration_reference_is_the_settings_own() -> None:
    assert reference.FILE.read_text() == reference.text(), "run `make schema` and commit the result"
