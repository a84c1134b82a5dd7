"""JSON Schema of a stack file, with which editors complete and check it.

`python -m stacks.settings.schema` writes `stacks/settings.schema.json`.
"""

import json
from typing import Any

from stacks.settings.loading import STACKS
from stacks.settings.source import NAMESPACE
from stacks.settings.stack import Stack

FILE = STACKS / "settings.schema.json"


def schema() -> dict[str, Any]:
    """Return the schema of a whole stack file: the settings under `config`; other keys are unrestricted."""
    settings = Stack.model_json_schema(ref_template="#/$defs/{model}")
    definitions: dict[str, Any] = settings.pop("$defs")
    keys = {NAMESPACE + key: value for key, value in settings["properties"].items()}
    config = {
        "type": "object",
        "properties": keys,
        "required": [NAMESPACE + key for key in settings["required"]],
    }
    # The pattern for unknown keys must not reject a key among the properties.
    config["patternProperties"] = {f"^{NAMESPACE}(?!({'|'.join(settings['properties'])})$)": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "axon stack",
        "type": "object",
        "properties": {"config": config},
        "$defs": definitions,
    }


def text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
