"""The AWS provider's work, as functions of Python values: check, compare, create, change, delete."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.doubles import existence, outputs, references
from tests.doubles.account import RefusedError, Resource, Store, UnfinishedError, pause
from tests.doubles.identity import (
    Place,
    fixed_id,
    identify,
    made_up_name,
    name_of_prefix,
    name_property,
    prefix_property,
)
from tests.doubles.policies import policy_failures
from tests.doubles.replacements import changes, keeps_name, replaces
from tests.doubles.rules import Failure, failures
from tests.doubles.shapes import inputs_of, misfits
from tests.doubles.wire import UNKNOWN, Properties, dig

if TYPE_CHECKING:
    from tests.doubles.cloud import Cloud


class Change(NamedTuple):
    """One difference: `added`, `removed` or `changed`, and if it makes a new resource."""

    how: str
    replaces: bool


class Diff(NamedTuple):
    """What an update would do."""

    changes: dict[str, Change]
    delete_first: bool

    @property
    def replaces(self) -> list[str]:
        return [path for path, change in self.changes.items() if change.replaces]


class Provider:
    """The provider of one account, with its configuration."""

    def __init__(self, store: Store, account: str, endpoint: str | None = None) -> None:
        self.store, self.place, self._endpoint = store, Place(account, "eu-west-1"), endpoint
        self.default_tags: Properties = {}

    def configure(self, settings: Properties) -> None:
        """Take the provider's configuration, whose objects come as JSON."""
        values = {key: _parsed(value) for key, value in settings.items()}
        allowed, account = values.get("allowedAccountIds"), self.place.account
        if isinstance(allowed, list) and UNKNOWN not in allowed and account not in allowed:
            raise RefusedError(f"AWS account ID not allowed: {account}")
        if account in (values.get("forbiddenAccountIds") or []):
            raise RefusedError(f"AWS account ID not allowed: {account}")
        self.place = Place(account, dig(values, "region") or self.place.region)
        tags = dig(values, "defaultTags.tags")
        self.default_tags = tags if isinstance(tags, dict) else {}

    @property
    def _cloud(self) -> "Cloud":
        from tests.doubles.cloud import Cloud  # half a second, which a preview does not pay

        return Cloud(self._endpoint, self.place.region)

    def check(
        self, token: str, name: str, old: Properties, new: Properties, seed: str
    ) -> tuple[Properties, list[Failure]]:
        """Return the inputs with what the provider adds, and what is wrong with them."""
        inputs = dict(new)
        if self.default_tags and "tags" in inputs_of(token) and inputs.get("tags") != UNKNOWN:
            inputs["tags"] = {**self.default_tags, **(inputs.get("tags") or {})}
        self._name(token, name, old, inputs, seed)
        wrong = list(misfits(token, inputs))
        if not wrong:  # rules rely on the types
            wrong = [*failures(token, inputs), *policy_failures(token, inputs)]
        return inputs, wrong

    def _name(self, token: str, name: str, old: Properties, inputs: Properties, seed: str) -> None:
        prop, prefix = name_property(token), prefix_property(token)
        if prop is None or prop in inputs or (prefix and inputs.get(prefix)):
            return
        kept = old.get(prop) if prop in old.get("__defaults", []) else None
        inputs[prop] = kept or made_up_name(token, name, seed)
        inputs["__defaults"] = [prop]

    def diff(self, token: str, id_: str, old: Properties, new: Properties) -> Diff:
        """Return what differs, and what that means."""
        found = {
            path: Change(how, replaces(token, path, how, value)) for path, how, value in changes(old, new)
        }
        again = any(change.replaces for change in found.values())
        return Diff(found, again and keeps_name(token, id_, old, new))

    def preview_create(self, token: str, inputs: Properties) -> Properties:
        return outputs.previewed(token, inputs)

    def create(self, token: str, urn: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make a resource in the account; what AWS refuses is seen when the call arrives."""
        with self.store.recorded("create", token, name) as call:
            with self.store.writing() as world:
                world.serial += 1
                serial = world.serial
                named = self._named(token, inputs, serial)
                seed, known_id = f"{urn}{serial}", fixed_id(token, named, self.place)
                existence.check_create(world, token, known_id, named, self.place.account)
            pause()
            on_aws = self._cloud.create(token, name, named)
            who = identify(token, named, seed, self.place, on_aws)
            call["id"] = who.id
            with self.store.writing() as world:
                made = outputs.created(token, named, who, seed, self.place, on_aws.outputs)
                outputs.settle(world, token, made)
                aliases = references.minted(world, who, named, made)
                resource = Resource(token, who.id, name, named, made, aliases)
                world.resources[resource.key] = resource
            for fault in self.store.take_faults("created", token, name):
                self._fail(resource, str(fault.message))
        return who.id, made

    def _fail(self, resource: Resource, message: str) -> None:
        """Let a resource that was just made have failed, as the provider tells the engine."""
        with self.store.writing() as world:
            found = world.resources[resource.key]
            found.outputs["status"] = "FAILED" if found.kind == "Cluster" else "CREATE_FAILED"
            found.issue = message
        raise UnfinishedError(found.id, found.outputs, found.inputs, message)

    def _named(self, token: str, inputs: Properties, serial: int) -> Properties:
        prop, prefix = name_property(token), prefix_property(token)
        if prop and prop not in inputs and prefix and inputs.get(prefix):
            return {**inputs, prop: name_of_prefix(inputs[prefix], serial)}
        return inputs

    def preview_update(
        self, token: str, old: Properties, old_inputs: Properties, new: Properties
    ) -> Properties:
        return outputs.previewed_update(token, old, old_inputs, new)

    def update(self, token: str, name: str, id_: str, old: Properties, new: Properties) -> Properties:
        """Change a resource in place: what differs from the old inputs. The rest stays as it is in AWS."""
        with self.store.recorded("update", token, name, id_):
            with self.store.reading() as world:
                resource = _found(world.find(token, id_), token, id_)
                wanted = _merged(token, resource, old, new)
                existence.check_update(world, token, resource, wanted, self.place.account)
            pause()
            self._cloud.change(resource, wanted)
            with self.store.writing() as world:
                resource = _found(world.find(token, id_), token, id_)
                wanted = _merged(token, resource, old, new)
                made = outputs.updated(token, resource.outputs, resource.inputs, wanted)
                resource.inputs, resource.outputs = wanted, made
        return made

    def delete(self, token: str, name: str, id_: str) -> None:
        """Remove a resource; one that is gone already is no error."""
        with self.store.recorded("delete", token, name, id_):
            with self.store.reading() as world:
                resource = world.find(token, id_)
                if resource:
                    existence.check_delete(world, resource)
            pause()
            if resource:
                self._cloud.delete(resource)
            with self.store.writing() as world:
                world.resources.pop(f"{token}|{id_}", None)

    def read(self, token: str, name: str, id_: str) -> Resource | None:
        with self.store.recorded("read", token, name, id_), self.store.reading() as world:
            return world.find(token, id_)


def _found(resource: Resource | None, token: str, id_: str) -> Resource:
    if resource is None:
        raise RefusedError(f"ResourceNotFoundException: {token} {id_} does not exist")
    return resource


def _merged(token: str, resource: Resource, old: Properties, new: Properties) -> Properties:
    """Return what an update makes: a property that the program did not change keeps what AWS has."""
    kept = {key: value for key, value in resource.inputs.items() if key in new and old.get(key) == new[key]}
    prop = name_property(token)
    # a name that AWS made of a prefix is not among the program's inputs
    named = {prop: resource.inputs[prop]} if prop and prop in resource.inputs else {}
    return {**named, **new, **kept}


def _parsed(value: Any) -> Any:
    is_json = isinstance(value, str) and value[:1] in ("{", "[")
    return json.loads(value) if is_json else value
