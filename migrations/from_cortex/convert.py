"""Conversion of all Cortex files together: one stack, and a report of unsupported fields."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from migrations.from_cortex import cluster, realtime, splitter
from migrations.from_cortex.classes import findings
from migrations.from_cortex.report import Fields, Note, given, mapping, sequence
from migrations.from_cortex.settle import settle
from stacks.settings.aws.access import AwsAccess
from stacks.settings.aws.eks import EksCluster
from stacks.settings.checks import cross_problems
from stacks.settings.endpoints import shared_endpoints
from stacks.settings.errors import Problem
from stacks.settings.model import Model
from stacks.settings.stack import Stack
from stacks.settings.traffic_splitter import TrafficSplitter
from stacks.settings.units import DnsLabel
from stacks.settings.yaml_dump import dumped

REGISTRY = "localhost:5000/axon"
_NAME: TypeAdapter[str] = TypeAdapter(DnsLabel)
_MOST_BUCKETS = 20
_OWN = (
    "# axon:platform.model_buckets: Cortex fetched models from these. Keep a bucket there only if nobody\n"
    "# else writes to it; or give its models a `sha256` (docs/predictors.md).\n"
)
_REALTIME = ("RealtimeAPI", "SyncAPI")  # the second until v0.18
_SPLITTERS = ("TrafficSplitter", "APISplitter")
_OF_A_CLUSTER = ("cluster_name", "node_groups", "instance_type", "region")


@dataclass
class Conversion:
    """Settings of a stack by their keys, and notes for the reader."""

    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    notes: list[Note] = field(default_factory=list[Note])
    source: "Reader | None" = None

    def text(self) -> str:
        """Return the stack file."""
        config = {f"axon:{key}": value for key, value in self.settings.items() if value}
        head = "# yaml-language-server: $schema=settings.schema.json\n" + (_OWN if _buckets(self) else "")
        return head + dumped({"config": config})


Reader = Callable[[str, str], tuple[str, str] | None]
"""Function that returns the path and text of a class's file, from an API spec's name and a path; None if
missing.
"""


def convert(files: Mapping[str, Any], source: Reader | None = None) -> Conversion:
    """Convert Cortex files by their names: a cluster, or a list of APIs.

    `source` reads the files of classes, which are analyzed and not changed.
    """
    made = Conversion(source=source)
    clusters = {name: mapping(held) for name, held in files.items() if _is_cluster(held)}
    policies = _cluster(clusters, made)
    for name, held in files.items():
        if name not in clusters:
            _apis(name, held, made)
    _on_the_cluster(policies, made)
    _own_buckets(made)
    made.notes += [Note(_place(problem), problem.message) for problem in _of_the_whole(made)]
    return made


def _is_cluster(held: Any) -> bool:
    return any(key in mapping(held) for key in _OF_A_CLUSTER) and "kind" not in mapping(held)


def _cluster(files: Mapping[str, dict[str, Any]], made: Conversion) -> list[str]:
    """Convert the only cluster, or note that it is missing; return the AWS policies of its APIs."""
    for name in list(files)[1:]:
        made.notes.append(Note(name, "is another cluster, and so another stack: convert it on its own"))
    for name, held in list(files.items())[:1]:
        fields = Fields(held, name, made.notes)
        policies = cluster.policies(fields)
        settled = settle(EksCluster, cluster.cluster(fields), "axon:cluster", made.notes)
        if settled is not None:
            made.settings["cluster"] = settled
            return policies
    made.settings |= {"cluster": {"kind": "existing"}, "images": {"registry": REGISTRY}}
    message = f"no cluster.yaml: the stack is for a cluster that exists, and its registry {REGISTRY}"
    made.notes.append(Note("axon:cluster", message))
    return []


def _apis(name: str, held: Any, made: Conversion) -> None:
    entries = sequence(held) or ([held] if mapping(held) else [])
    if not entries:
        made.notes.append(Note(name, "holds neither APIs nor a cluster"))
    for index, entry in enumerate(entries):
        _api(name, index, mapping(entry), made)


def _api(file: str, index: int, entry: dict[str, Any], made: Conversion) -> None:
    api = str(entry.get("name", index))
    fields = Fields(entry, f"{file}: {api}", made.notes)
    fields.take("name")
    # API specs until v0.17 have no `kind`: all were RealtimeAPIs.
    kind = fields.take("kind", "RealtimeAPI")
    if not _named(api, fields):
        return
    if kind in _REALTIME:
        _look_at_class(file, api, fields, made)
        settled = settle(Model, realtime.model(fields, api), f"axon:models.{api}", made.notes)
        if settled is not None:
            made.settings.setdefault("models", {})[api] = settled
    elif kind in _SPLITTERS:
        place = f"axon:traffic_splitters.{api}"
        settled = settle(TrafficSplitter, splitter.splitter(fields, api), place, made.notes)
        if settled is not None:
            made.settings.setdefault("traffic_splitters", {})[api] = settled
    else:
        made.notes.append(
            Note(fields.path, f"{kind} has no match: axon serves requests that wait for answers")
        )


def _look_at_class(file: str, api: str, fields: Fields, made: Conversion) -> None:
    """Note unsupported uses in the class of an API, with its file and line."""
    path = mapping(fields.data.get("handler") or fields.data.get("predictor")).get("path")
    if made.source is None or not isinstance(path, str):
        return
    found = made.source(file, path)
    if found is None:
        made.notes.append(Note(f"{fields.path}.path", f"{path} is not there: what it does was not looked at"))
        return
    made.notes += [Note(f"{found[0]}:{one.line}", one.message) for one in findings(found[1], api)]


def _named(api: str, fields: Fields) -> bool:
    """Return whether an API's name is valid for a model; add a note if it is not."""
    try:
        _NAME.validate_python(api)
    except ValidationError as error:
        fields.note("name", f"{error.errors()[0].get('ctx', {}).get('error')}: left out")
        return False
    return True


def _on_the_cluster(policies: list[str], made: Conversion) -> None:
    """Give models the permissions of all Cortex APIs; remove those that the cluster does not provide."""
    groups = mapping(made.settings["cluster"].get("node_groups"))
    rights = settle(AwsAccess, {"policy_arns": policies}, "axon:models.*.aws", made.notes) or {}
    for name, model in mapping(made.settings.get("models")).items():
        if rights.get("policy_arns"):
            model["aws"] = copy.deepcopy(rights)
        wanted = model.pop("node_groups", [])
        model |= given(node_groups=[group for group in wanted if group in groups])
        if gone := ", ".join(str(group) for group in wanted if group not in groups):
            made.notes.append(
                Note(f"axon:models.{name}.node_groups", f"{gone}: not in the cluster, left out")
            )


def _buckets(made: Conversion) -> list[str]:
    """Return the buckets from which models are fetched."""
    predictors = [mapping(model).get("predictor") for model in mapping(made.settings.get("models")).values()]
    urls = [str(mapping(predictor).get("model")) for predictor in predictors]
    places = ["/".join(url.split("/")[:3]) for url in urls if url.startswith(("s3://", "gs://"))]
    return list(dict.fromkeys(places))


def _own_buckets(made: Conversion) -> None:
    """Declare the buckets of Cortex's models as the stack's own: the files have no checksums."""
    if buckets := _buckets(made):
        made.settings["platform"] = {"model_buckets": buckets[:_MOST_BUCKETS]}


def _of_the_whole(made: Conversion) -> Iterator[Problem]:
    """Yield conflicts, such as more replicas than the nodes hold, which the reader must resolve."""
    yield from shared_endpoints(made.settings)
    yield from cross_problems(Stack.model_validate(made.settings))


def _place(problem: Problem) -> str:
    return f"axon:{'.'.join(map(str, problem.path))}"
