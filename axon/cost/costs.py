"""Monthly cost of a stack, at its minimum and maximum number of nodes, and the share of each model."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from axon.cost.prices import SPOT_SHARE, Prices, load_prices
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.node_group import NodeGroup
from stacks.settings.eks_checks import eligible_groups, replicas_per_node
from stacks.settings.model import Model
from stacks.settings.units import quantity_value

_NONE = Decimal(0)


@dataclass(frozen=True)
class Line:
    """The cost of one item at its minimum and its maximum. None: the table has no price for it."""

    name: str
    low: Decimal | None
    high: Decimal | None
    note: str = ""


@dataclass(frozen=True)
class Cost:
    """A stack's monthly cost, in US dollars."""

    fixed: tuple[Line, ...]
    nodes: tuple[Line, ...]
    models: tuple[Line, ...]
    """The part of the nodes' cost that each model requests. It is included in `nodes`."""

    missing: tuple[str, ...]
    region: str
    dates: str

    @property
    def low(self) -> Decimal:
        """The total at the minimum number of nodes, of the items with a price."""
        return sum((line.low or _NONE for line in (*self.fixed, *self.nodes)), _NONE)

    @property
    def high(self) -> Decimal:
        """The total at the maximum number of nodes, of the items with a price."""
        return sum((line.high or _NONE for line in (*self.fixed, *self.nodes)), _NONE)


def cost_of(stack: Stack) -> Cost | None:
    """Return the cost of a stack, or None if it is not on AWS."""
    cluster = stack.cluster
    if not isinstance(cluster, EksCluster):
        return None
    prices = Prices(cluster.region, load_prices())
    fixed = tuple(_fixed(cluster, prices))
    nodes = tuple(_nodes(name, group, prices) for name, group in cluster.node_groups.items())
    models = tuple(_model(name, model, cluster, prices) for name, model in stack.models.items())
    unpriced = [*prices.missing, *_unpriced(cluster)]
    return Cost(fixed, nodes, models, tuple(unpriced), cluster.region, prices.dates)


def _fixed(cluster: EksCluster, prices: Prices) -> Iterator[Line]:
    network = cluster.network
    zones = len(network.zone_names(cluster.region))
    gateways = 0 if network.existing else {"single": 1, "per_zone": zones, "none": 0}[network.nat]
    endpoints = 0 if network.existing else len(network.interface_endpoints) * zones
    public = zones if cluster.load_balancer.scheme == "internet-facing" else 0
    counts = (
        ("control plane", "eks:cluster", 1),
        ("NAT gateways", "vpc:nat-gateway", gateways),
        ("load balancer", "elb:network", 1),
        ("public addresses", "vpc:public-address", gateways + public),
        ("interface endpoints", "vpc:interface-endpoint", endpoints),
        ("KMS key", "kms:key", 1),
    )
    for name, item, count in counts:
        if count:
            each = prices.a_month(item)
            amount = None if each is None else each * count
            yield Line(name, amount, amount, f"{count}" if count > 1 else "")


def _nodes(name: str, group: NodeGroup, prices: Prices) -> Line:
    node = _node_a_month(group, prices)
    disk = prices.a_month("ebs:gp3-gib") if group.disk.type == "gp3" else None
    note = f"{group.min_instances} to {group.max_instances} nodes" + (", spot" if group.spot else "")
    if node is None:
        return Line(f"nodes of {name}", None, None, note)
    each = node + (disk or _NONE) * group.disk.size
    return Line(f"nodes of {name}", each * group.min_instances, each * group.max_instances, note)


def _node_a_month(group: NodeGroup, prices: Prices) -> Decimal | None:
    """Return a node's price: of the first instance type; for spot, of the most expensive one."""
    if not group.spot:
        return prices.a_month(f"ec2:{group.instance_types[0]}")
    known = [price for name in group.instance_types if (price := prices.a_month(f"ec2:{name}")) is not None]
    return max(known) * SPOT_SHARE if known else None


def _model(name: str, model: Model, cluster: EksCluster, prices: Prices) -> Line:
    shares: list[tuple[Decimal, str]] = []
    for group_name, group in eligible_groups(cluster, model).items():
        node = _node_a_month(group, prices)
        if node is not None and replicas_per_node(group, model.pod_compute):
            shares.append((node * share_of_node(model, group), group_name))
    if not shares:
        return Line(name, None, None, "no eligible node group has a price")
    replica, group_name = min(shares)
    low, high = model.replicas
    note = "paused" if model.paused else f"{low} to {high} replicas on {group_name}"
    return Line(name, replica * low, replica * high, note)


def share_of_node(model: Model, group: NodeGroup) -> Decimal:
    """Return the share of a node that a replica takes: the largest of its CPU, memory and device shares."""
    facts, compute = group.facts, model.pod_compute
    shares = [
        quantity_value(compute.cpu) / facts.allocatable_cpu,
        quantity_value(compute.mem) / Decimal(facts.allocatable_memory),
    ]
    if compute.gpu:
        shares.append(Decimal(compute.gpu) / facts.gpus)
    if compute.neuron:
        shares.append(Decimal(compute.neuron) / facts.neuron_devices)
    return max(shares)


def _unpriced(cluster: EksCluster) -> Iterator[str]:
    """Yield the items for which the table has no kind of row."""
    for name, group in cluster.node_groups.items():
        if group.disk.type == "io2" or group.disk.iops > 3000 or group.disk.throughput > 125:
            yield f"io2, iops and throughput of the disks of {name}"
