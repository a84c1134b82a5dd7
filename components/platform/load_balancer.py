"""The network load balancer before the gateway, as resources of the program."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components.kubernetes_cluster import OnAws
from components.platform.entrance import Exposed

# Envoy's own readiness (Envoy Gateway's EnvoyReadinessPort): it fails first when a proxy drains, so that the
# load balancer sends no new connection to it.
_READY_PORT, _READY_PATH = 19003, "/ready"


class LoadBalancer(pulumi.ComponentResource):
    """NLB, listeners, target groups, and who may connect. Pods are bound to it by TargetGroupBindings.

    None of it is made by a controller: a destroy leaves nothing behind, and a changed network is a
    diff. The controller does no more than to keep the list of targets.
    """

    url: pulumi.Output[str]
    """Where clients reach it: `http://` or `https://`, and its first name."""

    address: pulumi.Output[str]
    """AWS' name for it."""

    def __init__(
        self,
        name: str,
        on_aws: OnAws,
        exposed: Sequence[Exposed],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:LoadBalancer", name, None, opts)
        self._aws, self._settings = on_aws, on_aws.settings.load_balancer
        self._child = pulumi.ResourceOptions(parent=self)
        group = self._security_group(exposed)
        self._let_in(group, exposed)
        balancer = self._balancer(group)
        self.targets = {port: self._listen(balancer, port) for port in exposed}
        self.address = balancer.dns_name
        self.url = self._url(balancer)
        self.register_outputs({"url": self.url, "address": self.address})

    def bind(
        self, namespace: str, service: str, *, opts: pulumi.ResourceOptions
    ) -> list[k8s.apiextensions.CustomResource]:
        """Keep the pods of a Service as the load balancer's targets."""
        return [
            k8s.apiextensions.CustomResource(
                f"{service}-{port.port}",
                api_version="elbv2.k8s.aws/v1beta1",
                kind="TargetGroupBinding",
                metadata=k8s.meta.v1.ObjectMetaArgs(name=f"{service}-{port.port}", namespace=namespace),
                # Without `networking`: security groups are the program's.
                spec={
                    "targetGroupARN": target.arn,
                    "targetType": "ip",
                    "serviceRef": {"name": service, "port": port.service_port},
                },
                opts=opts,
            )
            for port, target in self.targets.items()
        ]

    def _security_group(self, exposed: Sequence[Exposed]) -> aws.ec2.SecurityGroup:
        name = self._aws.settings.name
        group = aws.ec2.SecurityGroup(
            "gateway",
            description="Clients of the model APIs",
            vpc_id=self._aws.network.vpc_id,
            tags={"Name": f"{name}-gateway"},
            opts=self._child,
        )
        for port in exposed:
            for cidr in self._settings.allow:
                aws.vpc.SecurityGroupIngressRule(
                    f"gateway-{port.port}-{cidr}",
                    security_group_id=group.id,
                    cidr_ipv4=cidr,
                    ip_protocol="tcp",
                    from_port=port.port,
                    to_port=port.port,
                    opts=self._child,
                )
        return group

    def _let_in(self, group: aws.ec2.SecurityGroup, exposed: Sequence[Exposed]) -> None:
        """Open the nodes to the load balancer, and it to them, on the ports of the proxies alone."""
        for port in sorted({*(port.container_port for port in exposed), _READY_PORT}):
            aws.vpc.SecurityGroupEgressRule(
                f"gateway-to-{port}",
                security_group_id=group.id,
                referenced_security_group_id=self._aws.security_group,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=self._child,
            )
            aws.vpc.SecurityGroupIngressRule(
                f"nodes-from-gateway-{port}",
                security_group_id=self._aws.security_group,
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=self._child,
            )

    def _balancer(self, group: aws.ec2.SecurityGroup) -> aws.lb.LoadBalancer:
        internal = self._settings.scheme == "internal"
        protected = self._aws.settings.protected
        return aws.lb.LoadBalancer(
            "gateway",
            load_balancer_type="network",
            internal=internal,
            subnets=self._aws.network.subnets("private" if internal else "public"),
            security_groups=[group.id],
            # Two proxies serve three zones.
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=protected,
            tags={"Name": f"{self._aws.settings.name}-gateway"},
            opts=pulumi.ResourceOptions(parent=self, protect=protected or None),
        )

    def _listen(self, balancer: aws.lb.LoadBalancer, port: Exposed) -> aws.lb.TargetGroup:
        tls, name = self._settings.tls, "https" if port.port == 443 else "http"
        target = self._target(name, port)
        encrypted = port.protocol == "TLS" and tls is not None
        aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=port.port,
            protocol=port.protocol,
            certificate_arn=tls.certificate_arn if tls and encrypted else None,
            # TLS 1.2 and 1.3:
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06" if encrypted else None,
            alpn_policy="HTTP2Preferred" if encrypted else None,
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target.arn)],
            opts=self._child,
        )
        return target

    def _target(self, name: str, port: Exposed) -> aws.lb.TargetGroup:
        proxy = self._settings.client_ip == "proxy_protocol"
        return aws.lb.TargetGroup(
            name,
            vpc_id=self._aws.network.vpc_id,
            target_type="ip",
            protocol="TCP",
            port=port.container_port,
            preserve_client_ip=str(not proxy).lower(),
            proxy_protocol_v2=proxy,
            # As long as Envoy Gateway lets its proxies drain.
            deregistration_delay=60,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                protocol="HTTP",
                port=str(_READY_PORT),
                path=_READY_PATH,
                interval=5,
                timeout=2,
                healthy_threshold=2,
                unhealthy_threshold=2,
            ),
            # The controller may change the targets of these alone.
            tags={"axon:cluster": self._aws.settings.name},
            opts=self._child,
        )

    def _url(self, balancer: aws.lb.LoadBalancer) -> pulumi.Output[str]:
        scheme = "https" if self._settings.tls else "http"
        dns = self._settings.dns
        if dns is None:
            return pulumi.Output.concat(f"{scheme}://", balancer.dns_name)
        for hostname in dns.hostnames:
            aws.route53.Record(
                hostname,
                zone_id=dns.zone_id,
                name=hostname,
                type="A",
                aliases=[
                    aws.route53.RecordAliasArgs(
                        name=balancer.dns_name, zone_id=balancer.zone_id, evaluate_target_health=True
                    )
                ],
                opts=self._child,
            )
        return pulumi.Output.from_input(f"{scheme}://{dns.hostnames[0]}")
