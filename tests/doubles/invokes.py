"""What the provider's functions answer. What is not in the table is refused loudly."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.doubles.account import RefusedError, World
from tests.doubles.identity import Place
from tests.doubles.wire import Properties

# the provider answers these by itself: nothing asks AWS
LOCAL = {
    "aws:index/getPartition:getPartition",
    "aws:index/getRegion:getRegion",
    "aws:iam/getPolicyDocument:getPolicyDocument",
}

Answer = Callable[[Properties, World, Place], Properties]


def answer(token: str, arguments: Properties, world: World, place: Place) -> Properties:
    """Return what a function returns."""
    if token == "aws:eks/getAddonVersion:getAddonVersion":
        raise RefusedError("versions are pinned; nothing may ask for the most recent")
    if token not in _ANSWERS:
        raise RefusedError(f"the AWS double does not answer {token}: add it to tests/doubles/invokes.py")
    return _ANSWERS[token](arguments, world, place)


def _identity(arguments: Properties, world: World, place: Place) -> Properties:
    arn = f"arn:aws:iam::{place.account}:user/double"
    return {"accountId": place.account, "arn": arn, "userId": "AIDADOUBLE", "id": place.account}


def _partition(arguments: Properties, world: World, place: Place) -> Properties:
    names = {"partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
    return {**names, "id": "aws"}


def _region(arguments: Properties, world: World, place: Place) -> Properties:
    region = arguments.get("region") or place.region
    return {"region": region, "name": region, "id": region, "description": region, "endpoint": ""}


def _zones(arguments: Properties, world: World, place: Place) -> Properties:
    names = [f"{place.region}{letter}" for letter in "abc"]
    ids = [f"zone-az{number}" for number in (1, 2, 3)]
    return {
        "names": names,
        "zoneIds": ids,
        "groupNames": [place.region],
        "id": place.region,
        "region": place.region,
    }


def _existing(token: str) -> Answer:
    def found(arguments: Properties, world: World, place: Place) -> Properties:
        resource = world.find(token, arguments.get("id"))
        if resource is None:
            raise RefusedError(f"no matching {token.split(':')[2]} {arguments.get('id')} found")
        return {**resource.outputs, "id": resource.id}

    return found


def _instance_type(arguments: Properties, world: World, place: Place) -> Properties:
    name = arguments["instanceType"]
    found: dict[str, Any] | None = _instance_types().get(name)
    if found is None:
        raise RefusedError(f"InvalidInstanceType: {name} does not exist")
    cores, memory = found["VCpuInfo"]["DefaultVCpus"], found["MemoryInfo"]["SizeInMiB"]
    return {
        "instanceType": name,
        "id": name,
        "defaultVcpus": cores,
        "memorySize": memory,
        "region": place.region,
    }


@cache
def _instance_types() -> dict[str, Properties]:
    """Return EC2's instance types, from moto's data."""
    import gzip  # (half a second that few programs pay)
    from importlib.util import find_spec
    from pathlib import Path

    found = find_spec("moto")
    assert found is not None
    assert found.origin is not None
    data = Path(found.origin).parent / "ec2/resources/instance_types.json.gz"
    return json.loads(gzip.decompress(data.read_bytes()))


def _policy_document(arguments: Properties, world: World, place: Place) -> Properties:
    statements = [_statement(row) for row in arguments.get("statements", [])]
    document = {"Version": arguments.get("version", "2012-10-17"), "Statement": statements}
    text = json.dumps(document, indent=2)
    return {**arguments, "json": text, "minifiedJson": json.dumps(document), "id": str(len(text))}


def _statement(row: Properties) -> Properties:
    names = {"sid": "Sid", "actions": "Action", "notActions": "NotAction", "resources": "Resource"}
    names |= {"notResources": "NotResource"}
    made: Properties = {"Effect": row.get("effect", "Allow")}
    made.update({new: row[old] for old, new in names.items() if row.get(old)})
    if row.get("principals"):
        made["Principal"] = {who["type"]: who["identifiers"] for who in row["principals"]}
    for test in row.get("conditions", []):
        made.setdefault("Condition", {}).setdefault(test["test"], {})[test["variable"]] = test["values"]
    return made


_ANSWERS: dict[str, Answer] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:ec2/getSubnet:getSubnet": _existing("aws:ec2/subnet:Subnet"),
    "aws:ec2/getVpc:getVpc": _existing("aws:ec2/vpc:Vpc"),
    "aws:ec2/getInstanceType:getInstanceType": _instance_type,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
