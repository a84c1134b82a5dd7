"""The JSON Schema of a stack file, which editors complete and check it with.

`python -m stacks.settings.schema` writes `stacks/settings.schema.json`.
"""

import json
from typing import Any

from stacks.settings.loading import STACKS
from stacks.settings.source import NAMESPACE
from stacks.settings.stack import Stack

FILE = STACKS / "settings.schema.json"


def schema() -> dict[str, Any]:
    """Return the schema of a whole stack file: the settings under `config`, other keys left free."""
    settings = Stack.model_json_schema(ref_template="#/$defs/{model}")
    definitions: dict[str, Any] = settings.pop("$defs")
    keys = {NAMESPACE + key: value for key, value in settings["properties"].items()}
    config = {
        "type": "object",
        "properties": keys,
        "required": [NAMESPACE + key for key in settings["required"]],
    }
    # A key that the properties name must not be refused by the pattern for unknown ones.
    config["patternProperties"] = {f"^{NAMESPACE}(?!({'|'.join(settings['properties'])})$)": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "axon stack",
        "type": "object",
        "properties": {"config": config},
        "$defs": definitions,
    }


def text() -> str:
    """Return the schema as the file holds it."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
