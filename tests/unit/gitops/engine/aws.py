"""The AWS provider in a preview: names, default tags, what AWS computes, what forces a replacement."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.doubles import outputs
from tests.doubles.identity import Place, identify, made_up_name, name_property, prefix_property
from tests.doubles.replacements import replaces
from tests.doubles.shapes import digest, inputs_of
from tests.doubles.wire import Properties, name_of, token_of
from tests.unit.gitops.engine import made as computed
from tests.unit.gitops.engine.differences import Differences, differences


@dataclass(frozen=True)
class Aws:
    """A provider that the program has configured."""

    place: Place
    default_tags: Properties = field(default_factory=dict[str, Any])

    @classmethod
    def configured(cls, inputs: Properties) -> "Aws":
        """Return the provider of these inputs, whose objects are JSON."""
        values = {key: json.loads(text) if text[:1] in "{[" else text for key, text in inputs.items()}
        tags = values.get("defaultTags", {}).get("tags", {})
        return cls(Place(values["allowedAccountIds"][0], values["region"]), tags)

    def check(self, urn: str, inputs: Properties) -> Properties:
        """Return the inputs with the default tags, and with a name where one is made up."""
        token = token_of(urn)
        made = dict(inputs)
        if self.default_tags and "tags" in inputs_of(token):
            made["tags"] = {**self.default_tags, **(inputs.get("tags") or {})}
        name, prefix = name_property(token), prefix_property(token)
        if name and name not in inputs and not (prefix and inputs.get(prefix)):
            made |= {name: made_up_name(token, name_of(urn), urn), "__defaults": [name]}
        return made

    def diff(self, urn: str, old: Properties, new: Properties) -> Differences:
        """Return the differences. Source of those that replace: tests/doubles/replacements.py."""
        token = token_of(urn)
        return differences(old, new, lambda path, how, value: replaces(token, path, how, value))

    def create(self, urn: str, inputs: Properties) -> tuple[str, Properties]:
        """Return the id and the outputs of a new resource."""
        token = token_of(urn)
        name, prefix = name_property(token), prefix_property(token)
        named = dict(inputs)
        if name and name not in inputs and prefix:
            named[name] = f"{inputs[prefix]}{int(digest(urn, 15), 16) % 10**18:018d}{digest(urn, 8)}"
        on_aws = computed.made(token, named, urn, self.place)
        who = identify(token, named, urn, self.place, on_aws)
        return who.id, outputs.created(token, named, who, urn, self.place, on_aws.outputs)

    def preview_create(self, urn: str, inputs: Properties) -> Properties:
        """Return the outputs of a resource that would be created: most are unknown."""
        return outputs.previewed(token_of(urn), inputs)

    def preview_update(
        self, urn: str, old: Properties, old_inputs: Properties, new: Properties
    ) -> Properties:
        """Return the outputs of a resource that would be updated."""
        return outputs.previewed_update(token_of(urn), old, old_inputs, new)
