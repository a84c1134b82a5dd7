"""YAML output that every reader reads back unchanged (stacks/settings/yaml_tree.py)."""

from typing import Any

import yaml

from stacks.settings.yaml_scalars import resolved


class _Dumper(yaml.SafeDumper):
    """A dumper without anchors that quotes every text that a reader could mistake for another value."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    sure = resolved(text.strip()) == text or "\n" in text
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=None if sure and _shown(text) else '"')


def _shown(text: str) -> bool:
    return all(character.isprintable() or character in "\n\t" for character in text)


_Dumper.add_representer(str, _text)


def dumped(data: Any) -> str:
    """Return plain data as YAML, with its keys in order."""
    text = _dumped(data, escaped=False)
    return text if _shown(text) else _dumped(data, escaped=True)


def _dumped(data: Any, *, escaped: bool) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=not escaped, width=110)
