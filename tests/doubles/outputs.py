"""What AWS says of a resource: its inputs, and what is computed."""

from collections.abc import Callable, Mapping
from typing import Any

from pulumi import _types

from tests.doubles.account import World
from tests.doubles.identity import Identity, Place
from tests.doubles.shapes import digest, fake, fields_of, outputs_of
from tests.doubles.wire import UNKNOWN, Properties

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
# of the template itself: a change makes no version
_NO_VERSION = {"tags", "defaultVersion", "updateDefaultVersion", "__defaults"}


def previewed(token: str, inputs: Properties) -> Properties:
    """Return the outputs of a resource that would be created: what is computed is unknown."""
    made = _completed(token, inputs, lambda *_: UNKNOWN)
    return {**made, "tagsAll": inputs.get("tags", {})} if "tagsAll" in outputs_of(token) else made


def created(
    token: str, inputs: Properties, who: Identity, seed: str, place: Place, on_aws: Mapping[str, Any]
) -> Properties:
    """Return the outputs of a new resource; `on_aws` are those that moto has made up."""
    made = _completed(token, inputs, lambda hint, name, path: fake(hint, name, f"{seed}{path}"))
    made.update(_common(token, inputs, who, place))
    made = _deep(made, on_aws)
    made.update(_OF_TYPE.get(token, lambda *_: {})(inputs, made, seed, place))
    return made


def updated(token: str, old: Properties, old_inputs: Properties, inputs: Properties) -> Properties:
    """Return the outputs after an update: the computed ones stay, those of removed inputs are defaults."""
    kept = {key: value for key, value in old.items() if key in inputs or key not in old_inputs}
    made = _completed(token, _deep(kept, inputs), lambda hint, name, path: fake(hint, name, path))
    if "tagsAll" in outputs_of(token):
        made["tagsAll"] = inputs.get("tags", {})
    for name in _anew(token, old_inputs, inputs):
        made[name] = int(old.get("latestVersion") or 0) + 1
    return made


def previewed_update(token: str, old: Properties, old_inputs: Properties, inputs: Properties) -> Properties:
    made = updated(token, old, old_inputs, inputs)
    return {**made, **dict.fromkeys(_anew(token, old_inputs, inputs), UNKNOWN)}


def _anew(token: str, old: Properties, new: Properties) -> list[str]:
    """Return the computed properties that an update changes: a launch template's versions."""
    keys = (old.keys() | new.keys()) - _NO_VERSION
    if token != _TEMPLATE or all(old.get(key) == new.get(key) for key in keys):
        return []
    return ["latestVersion", "defaultVersion"] if new.get("updateDefaultVersion") else ["latestVersion"]


def _deep(old: Properties, inputs: Mapping[str, Any]) -> Properties:
    """Put inputs over outputs, and keep what was computed inside of objects."""
    made = dict(old)
    for key, value in inputs.items():
        before = old.get(key)
        keep = isinstance(value, dict) and isinstance(before, dict) and key not in ("tags", "labels")
        made[key] = {**before, **value} if keep and isinstance(before, dict) else value
    return made


def _completed(token: str, inputs: Properties, compute: Callable[[Any, str, str], Any]) -> Properties:
    made = {key: value for key, value in inputs.items() if not key.startswith("__")}
    for name, hint in outputs_of(token).items():
        if name not in made:
            made[name] = compute(hint, name, "")
        elif isinstance(made[name], dict):
            made[name] = _completed_object(made[name], hint, compute)
    return made


def _completed_object(value: Properties, hint: Any, compute: Callable[[Any, str, str], Any]) -> Properties:
    hint = _types.unwrap_optional_type(hint)
    if not (isinstance(hint, type) and _types.is_output_type(hint)):
        return value
    missing = {name: kind for name, kind in fields_of(hint).items() if name not in value}
    return {**value, **{name: compute(kind, name, "in") for name, kind in missing.items()}}


def _common(token: str, inputs: Properties, who: Identity, place: Place) -> Properties:
    shape = outputs_of(token)
    values = {
        "arn": who.arn,
        "region": inputs.get("region", place.region),
        "tagsAll": inputs.get("tags", {}),
        "ownerId": place.account,
        "status": "ACTIVE",
        "name": who.name,
    }
    return {key: value for key, value in values.items() if key in shape and key not in inputs}


def _cluster(inputs: Properties, made: Properties, seed: str, place: Place) -> Properties:
    letters = digest(seed, 32).upper()
    return {
        "endpoint": f"https://{letters}.gr7.{place.region}.eks.amazonaws.com",
        "certificateAuthority": {"data": "ZmFrZQ=="},
        "certificateAuthorities": [{"data": "ZmFrZQ=="}],
        "identities": [
            {"oidcs": [{"issuer": f"https://oidc.eks.{place.region}.amazonaws.com/id/{letters}"}]}
        ],
        "platformVersion": "eks.1",
    }


def _load_balancer(inputs: Properties, made: Properties, seed: str, place: Place) -> Properties:
    end = "elb" if inputs.get("loadBalancerType") == "network" else ""
    host = f"{inputs['name']}-{digest(seed, 16)}"
    name = f"{host}.{end}.{place.region}.amazonaws.com" if end else f"{host}.{place.region}.elb.amazonaws.com"
    return {"dnsName": name, "zoneId": "Z2IFOLAFXWLO4F", "arnSuffix": made["arn"].split("loadbalancer/")[-1]}


def _eip(inputs: Properties, made: Properties, seed: str, place: Place) -> Properties:
    number = int(digest(seed, 4), 16)
    address = f"203.0.{number >> 8}.{number & 255}"
    return {"publicIp": address, "publicDns": f"ec2-{address}"}


def _bucket(inputs: Properties, made: Properties, seed: str, place: Place) -> Properties:
    name = inputs["bucket"]
    return {
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{place.region}.amazonaws.com",
    }


# What moto does not make up, or in another form than AWS does.
_OF_TYPE: dict[str, Callable[[Properties, Properties, str, Place], Properties]] = {
    "aws:eks/cluster:Cluster": _cluster,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:ec2/eip:Eip": _eip,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:iam/role:Role": lambda i, m, seed, p: {"uniqueId": f"AROA{digest(seed, 16).upper()}"},
    "aws:route53/record:Record": lambda i, m, seed, p: {"fqdn": i["name"]},
    "aws:sqs/queue:Queue": lambda i, m, seed, p: {
        "url": f"https://sqs.{p.region}.amazonaws.com/{p.account}/{i['name']}"
    },
}


def settle(world: World, token: str, made: Properties) -> None:
    """Fill what depends on other resources: a cluster's network is that of its subnets."""
    if token == "aws:eks/cluster:Cluster":
        subnets = [world.find("aws:ec2/subnet:Subnet", id_) for id_ in made["vpcConfig"].get("subnetIds", [])]
        made["vpcConfig"]["vpcId"] = next((row.inputs.get("vpcId") for row in subnets if row), "")
