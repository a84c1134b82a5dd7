"""The engine's answers to a program: what each registration makes of the state, and the step that says so."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from tests.doubles.shapes import digest
from tests.doubles.wire import Properties, plain, struct
from tests.unit.gitops.engine import charts
from tests.unit.gitops.engine.aws import Aws
from tests.unit.gitops.engine.differences import Differences, is_below
from tests.unit.gitops.engine.kubernetes import Kubernetes, moves, service
from tests.unit.gitops.engine.state import Resource, State, urn_of
from tests.unit.gitops.engine.steps import Step

_PROVIDERS = {"pulumi:providers:aws": Aws, "pulumi:providers:kubernetes": Kubernetes}
_STACK = "pulumi:pulumi:Stack"


class _Reads(Mocks):
    """What the program reads of AWS and of the cluster."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert args.resource_id, f"{args.typ} {args.name} is read without an id"
        return args.resource_id, {**args.inputs, **service()}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token == "aws:index/getPartition:getPartition":
            return {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"}, []
        raise AssertionError(f"unexpected call of {args.token}")


@dataclass(frozen=True)
class Options:
    """The options of a resource that a preview depends on."""

    provider: str = ""
    """The URN of the resource's provider."""

    protect: bool = False
    ignored: Sequence[str] = ()
    replacing: Sequence[str] = ()

    @classmethod
    def of(cls, request: Any) -> "Options":
        """Return those of a registration."""
        return cls(
            provider=_urn_in(request.provider or request.providers.get("kubernetes", "")),
            protect=request.protect,
            ignored=tuple(request.ignoreChanges),
            replacing=tuple(request.replaceOnChanges),
        )


class Monitor(MockMonitor):
    """One run of a program: an update from nothing, or a preview against a state."""

    def __init__(self, stack: str, before: State | None = None) -> None:
        super().__init__(_Reads())
        self._stack, self._before, self._is_preview = stack, before or {}, before is not None
        self._providers: dict[str, Any] = {}
        self._replaced: set[str] = set()
        self._lock = Lock()  # the SDK registers from several threads
        self.after: dict[str, Resource] = {}
        self.steps: list[Step] = []

    def RegisterResource(self, request: Any) -> Any:
        """Answer a registration as the engine does."""
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn_of(self._stack, "", _STACK, request.name))
        with self._lock:
            parent = "" if _STACK in request.parent else request.parent
            urn, inputs = urn_of(self._stack, parent, request.type, request.name), plain(request.object)
            # A component that a provider builds is registered by that provider, without its arguments.
            registered = Resource(urn, parent, request.custom, {} if request.remote else inputs)
            made = self._registered(registered, Options.of(request))
            if request.type == charts.CHART:
                self._chart(made, inputs, Options.of(request))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=made.id, object=struct(made.outputs))

    def _chart(self, chart: Resource, arguments: Properties, options: Options) -> None:
        for token, name, inputs in charts.objects_of(chart.name, arguments):
            full = f"{chart.name}:{arguments.get('namespace')}/{name}"
            urn = urn_of(self._stack, chart.urn, token, full)
            self._registered(Resource(urn, chart.urn, True, inputs), options)

    def _registered(self, given: Resource, options: Options) -> Resource:
        assert given.urn not in self.after, f"{given.urn} is registered twice"
        old = self._before.get(given.urn)
        given = replace(given, protect=options.protect)
        if not given.custom:
            made = self._component(given, old)
        elif given.token in _PROVIDERS:
            made = self._provider(given, old)
        else:
            made = self._managed(given, old, options)
        self.after[given.urn] = made
        return made

    def _component(self, given: Resource, old: Resource | None) -> Resource:
        op = "create" if old is None else "same" if old.inputs == given.inputs else "update"
        self.steps.append(Step(op, old, given))
        return replace(given, outputs=given.inputs)

    def _provider(self, given: Resource, old: Resource | None) -> Resource:
        self._providers[given.urn] = _PROVIDERS[given.token].configured(given.inputs)
        made = replace(given, outputs=given.inputs, id=old.id if old else "")
        if old is None:
            self.steps.append(Step("create", None, given))
            return made if self._is_preview else replace(made, id=digest(given.urn))
        if old.inputs == given.inputs:
            self.steps.append(Step("same", old, made))
        elif given.token.endswith("kubernetes") and moves(old.inputs, given.inputs):
            self._replaced.add(given.urn)
            self.steps.append(Step("replace", old, given, reasons=("kubeconfig",)))
            return replace(made, id="")
        else:
            self.steps.append(Step("update", old, made))
        return made

    def _managed(self, given: Resource, old: Resource | None, options: Options) -> Resource:
        provider = self._providers[options.provider]
        inputs = _restored(provider.check(given.urn, given.inputs), old, options.ignored)
        given = replace(given, inputs=inputs)
        if old is None:
            return self._created(given, provider)
        if options.provider in self._replaced:
            return self._replaced_by(given, old, provider, {}, ("provider",))
        found = provider.diff(given.urn, old.inputs, inputs)
        forced = [path for path, one in found.items() if one.replaces or is_below(path, options.replacing)]
        if forced:
            found = {path: one._replace(replaces=path in forced) for path, one in found.items()}
            return self._replaced_by(given, old, provider, found, forced)
        given = replace(given, id=old.id)
        if not found:
            self.steps.append(Step("same", old, given))
            return replace(given, outputs=old.outputs)
        self.steps.append(Step("update", old, given, found))
        outputs = provider.preview_update(given.urn, old.outputs, old.inputs, inputs)
        return replace(given, outputs=outputs)

    def _created(self, given: Resource, provider: Any) -> Resource:
        self.steps.append(Step("create", None, given))
        if self._is_preview:
            return replace(given, outputs=provider.preview_create(given.urn, given.inputs))
        id_, outputs = provider.create(given.urn, given.inputs)
        return replace(given, id=id_, outputs=outputs)

    def _replaced_by(
        self, given: Resource, old: Resource, provider: Any, found: Differences, forced: Sequence[str]
    ) -> Resource:
        self.steps.append(Step("replace", old, given, found, tuple(forced)))
        return replace(given, outputs=provider.preview_create(given.urn, given.inputs))

    def finish(self) -> None:
        """Delete what the program has not registered, children first."""
        gone = [old for urn, old in self._before.items() if urn not in self.after]
        self.steps += [Step("delete", old, None) for old in reversed(gone)]


def _urn_in(reference: str) -> str:
    """Return the URN in a reference to a provider, which ends with the provider's id."""
    return reference.rsplit("::", 1)[0]


def _restored(inputs: Properties, old: Resource | None, ignored: Sequence[str]) -> Properties:
    """Return the inputs with what is ignored as it was."""
    if old is None or not ignored:
        return inputs
    made = copy.deepcopy(inputs)
    for path in ignored:
        *owners, last = path.split(".")
        before, after = _at(old.inputs, owners), _at(made, owners)
        if before is not None and after is not None:
            after.pop(last, None)
            after |= {last: before[last]} if last in before else {}
    return made


def _at(properties: Properties, keys: Sequence[str]) -> dict[str, Any] | None:
    value: Any = properties
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None
