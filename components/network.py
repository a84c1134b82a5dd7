"""VPC of a stack: created, or an existing one."""

from collections.abc import Sequence
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.iam import allow, role, trust
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.network import ExistingVpc

ANYWHERE = "0.0.0.0/0"


class Network(pulumi.ComponentResource):
    """Public and private subnets per zone, and their routes to AWS and to the internet."""

    vpc_id: pulumi.Input[str]
    """ID of the VPC."""

    cidr: str
    """CIDR block of the VPC."""

    private: dict[str, pulumi.Input[str]]
    """Private subnets by zone: nodes, pods, the control plane's interfaces."""

    public: dict[str, pulumi.Input[str]]
    """Public subnets by zone: load balancers and NAT gateways."""

    def __init__(
        self, name: str, settings: EksCluster, *, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("axon:network:Network", name, None, opts)
        self._cluster, self._settings, self._prefix = settings, settings.network, settings.name
        self._child = pulumi.ResourceOptions(parent=self)
        self._zones = self._settings.zone_names(settings.region)
        if self._settings.existing:
            self._use(self._settings.existing)
        else:
            self._make()
        self.register_outputs({"vpc_id": self.vpc_id})

    def subnets(
        self, visibility: Literal["private", "public"], zones: Sequence[str] = ()
    ) -> list[pulumi.Input[str]]:
        """Return the subnets of the given zones, or of all zones."""
        found = self.private if visibility == "private" else self.public
        return [subnet for zone, subnet in found.items() if not zones or zone in zones]

    @property
    def of_control_plane(self) -> list[pulumi.Input[str]]:
        """Private subnets of two zones: EKS rejects a later change to subnets in other zones.

        Source: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
        """
        return self.subnets("private", self._settings.zones_of_control_plane(self._cluster.region))

    def _use(self, existing: ExistingVpc) -> None:
        self.vpc_id, self.cidr = existing.vpc, existing.cidr
        self.private = dict(sorted(existing.private_subnets.items()))
        self.public = dict(sorted(existing.public_subnets.items()))

    def _make(self) -> None:
        vpc = self._vpc()
        self.vpc_id, self.cidr = vpc.id, self._settings.cidr
        gateway = aws.ec2.InternetGateway("internet", vpc_id=vpc.id, tags=self._tags(), opts=self._child)
        public = self._public_subnets(vpc, gateway)
        tables = {zone: self._route_table(f"private-{zone}", vpc) for zone in self._zones}
        private = self._private_subnets(vpc, tables)
        self._nat(public, tables, gateway)
        self._s3_endpoint(vpc, tables)
        self._interface_endpoints(vpc, private)
        if self._settings.flow_logs:
            self._flow_logs(vpc)
        self.public = {zone: subnet.id for zone, subnet in public.items()}
        self.private = {zone: subnet.id for zone, subnet in private.items()}

    def _tags(self, name: str = "", **more: str) -> dict[str, str]:
        return {"Name": f"{self._prefix}-{name}" if name else self._prefix, **more}

    def _vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=self._settings.cidr,
            # Private endpoints of EKS resolve by the VPC's own DNS:
            # https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._tags(),
            opts=self._child,
        )
        # The default group gets no rules: nothing may depend on it.
        aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id, ingress=[], egress=[], opts=self._child)
        return vpc

    def _route_table(self, name: str, vpc: aws.ec2.Vpc) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(name, vpc_id=vpc.id, tags=self._tags(name), opts=self._child)

    def _public_subnets(
        self, vpc: aws.ec2.Vpc, gateway: aws.ec2.InternetGateway
    ) -> dict[str, aws.ec2.Subnet]:
        table = self._route_table("public", vpc)
        aws.ec2.Route(
            "public-internet",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )
        nodes = any(group.subnets == "public" for group in self._cluster.node_groups.values())
        return {
            # Tag for discovery by load balancer controllers:
            # https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
            zone: self._subnet("public", index, vpc, table, "kubernetes.io/role/elb", addresses=nodes)
            for index, zone in enumerate(self._zones)
        }

    def _private_subnets(
        self, vpc: aws.ec2.Vpc, tables: dict[str, aws.ec2.RouteTable]
    ) -> dict[str, aws.ec2.Subnet]:
        tag = "kubernetes.io/role/internal-elb"
        return {
            zone: self._subnet("private", index, vpc, tables[zone], tag)
            for index, zone in enumerate(self._zones)
        }

    def _subnet(
        self,
        kind: Literal["private", "public"],
        index: int,
        vpc: aws.ec2.Vpc,
        table: aws.ec2.RouteTable,
        tag: str,
        *,
        addresses: bool = False,
    ) -> aws.ec2.Subnet:
        settings, zone = self._settings, self._zones[index]
        cidr = settings.private_cidr(index) if kind == "private" else settings.public_cidr(index)
        name = f"{kind}-{zone}"
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=vpc.id,
            availability_zone=zone,
            cidr_block=cidr,
            # Nodes of a public subnet must have public addresses; no other subnet assigns any.
            map_public_ip_on_launch=addresses,
            tags=self._tags(name, **{tag: "1"}),
            opts=self._child,
        )
        aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=table.id, opts=self._child)
        return subnet

    def _nat(
        self,
        public: dict[str, aws.ec2.Subnet],
        tables: dict[str, aws.ec2.RouteTable],
        gateway: aws.ec2.InternetGateway,
    ) -> None:
        nat = self._settings.nat
        zones = {"none": [], "single": self._zones[:1], "per_zone": self._zones}[nat]
        after = pulumi.ResourceOptions(parent=self, depends_on=[gateway])
        gateways: dict[str, aws.ec2.NatGateway] = {}
        for zone in zones:
            address = aws.ec2.Eip(f"nat-{zone}", domain="vpc", tags=self._tags(f"nat-{zone}"), opts=after)
            gateways[zone] = aws.ec2.NatGateway(
                f"nat-{zone}",
                subnet_id=public[zone].id,
                allocation_id=address.allocation_id,
                tags=self._tags(f"nat-{zone}"),
                opts=after,
            )
        for zone, table in tables.items() if gateways else ():
            aws.ec2.Route(
                f"private-{zone}-internet",
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=(gateways.get(zone) or gateways[zones[0]]).id,
                opts=self._child,
            )

    def _s3_endpoint(self, vpc: aws.ec2.Vpc, tables: dict[str, aws.ec2.RouteTable]) -> None:
        # Free of charge; keeps traffic of image layers and models off the NAT gateway, which is billed per
        # gigabyte.
        aws.ec2.VpcEndpoint(
            "s3",
            vpc_id=vpc.id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{self._cluster.region}.s3",
            route_table_ids=[table.id for table in tables.values()],
            tags=self._tags("s3"),
            opts=self._child,
        )

    def _interface_endpoints(self, vpc: aws.ec2.Vpc, private: dict[str, aws.ec2.Subnet]) -> None:
        if not self._settings.interface_endpoints:
            return
        group = aws.ec2.SecurityGroup(
            "endpoints",
            vpc_id=vpc.id,
            description="HTTPS from the VPC to AWS services",
            tags=self._tags("endpoints"),
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            "endpoints-https",
            security_group_id=group.id,
            cidr_ipv4=self._settings.cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self._child,
        )
        for service in self._settings.interface_endpoints:
            aws.ec2.VpcEndpoint(
                service.replace(".", "-"),
                vpc_id=vpc.id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{self._cluster.region}.{service}",
                subnet_ids=[subnet.id for subnet in private.values()],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags=self._tags(service),
                opts=self._child,
            )

    def _flow_logs(self, vpc: aws.ec2.Vpc) -> None:
        logs = aws.cloudwatch.LogGroup(
            "flow-logs",
            name=f"/axon/{self._prefix}/flow-logs",
            retention_in_days=self._cluster.log_retention_days,
            opts=self._child,
        )
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
        actions = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        place = f"{self._cluster.region}:{self._cluster.account}"
        arn = f"arn:aws:logs:{place}:log-group:/axon/{self._prefix}/flow-logs"
        writer, policies = role(
            "flow-logs",
            f"{self._prefix}-flow-logs",
            trust(
                "vpc-flow-logs.amazonaws.com",
                condition={"StringEquals": {"aws:SourceAccount": self._cluster.account}},
            ),
            boundary=self._cluster.permissions_boundary,
            statements=[allow(actions, [f"{arn}:*"])],
            opts=self._child,
        )
        aws.ec2.FlowLog(
            "flow-logs",
            vpc_id=vpc.id,
            traffic_type="REJECT",
            log_destination_type="cloud-watch-logs",
            log_destination=logs.arn,
            iam_role_arn=writer.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=policies),
        )
