"""Network load balancer in front of the gateway, as resources of the program."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components.kubernetes_cluster import OnAws
from components.platform.entrance import Exposed

# Envoy's own readiness (Envoy Gateway's EnvoyReadinessPort): it fails first when a proxy drains, so that the
# load balancer sends no new connection to the proxy.
_READY_PORT, _READY_PATH = 19003, "/ready"


class LoadBalancer(pulumi.ComponentResource):
    """NLB, listeners, target groups, and security groups. TargetGroupBindings register the pods as targets.

    No controller creates any of these resources: a destroy leaves nothing behind, and a changed network is a
    diff. The controller only maintains the list of targets.
    """

    url: pulumi.Output[str]
    """Base URL for clients: `http://` or `https://`, and the first host name."""

    address: pulumi.Output[str]
    """DNS name that AWS assigns."""

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
        self._balancer, self._exposed = self._made(group), exposed
        self._targets = {port: self._target(port) for port in exposed}
        self.address = self._balancer.dns_name
        self.url = self._url(self._balancer)
        self.register_outputs({"url": self.url, "address": self.address})

    def bind(self, namespace: str, service: str, *, opts: pulumi.ResourceOptions) -> None:
        """Register the pods of a Service as targets, and then listen for clients."""
        for port in self._exposed:
            self._listen(port, after=self._bound(port, namespace, service, opts))

    def _bound(
        self, port: Exposed, namespace: str, service: str, opts: pulumi.ResourceOptions
    ) -> k8s.apiextensions.CustomResource:
        name = f"{service}-{port.service_port}"
        # The controller's webhook rejects a changed target group in an update:
        # https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/webhooks/elbv2/targetgroupbinding_validator.go
        replaced = pulumi.ResourceOptions(
            replace_on_changes=["spec.targetGroupARN", "spec.targetType"], delete_before_replace=True
        )
        return k8s.apiextensions.CustomResource(
            name,
            api_version="elbv2.k8s.aws/v1beta1",
            kind="TargetGroupBinding",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace),
            # Without `networking`: the program manages security groups.
            spec={
                "targetGroupARN": self._targets[port].arn,
                "targetType": "ip",
                "serviceRef": {"name": service, "port": port.service_port},
            },
            opts=pulumi.ResourceOptions.merge(opts, replaced),
        )

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
            for cidr in self._settings.clients:
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
        """Allow traffic between the load balancer and the nodes, on only the ports of the proxies."""
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

    def _made(self, group: aws.ec2.SecurityGroup) -> aws.lb.LoadBalancer:
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

    def _listen(self, port: Exposed, *, after: pulumi.Resource) -> None:
        """Listen on a port. A changed target group has targets before the listener is changed."""
        tls, name = self._settings.tls, "https" if port.port == 443 else "http"
        encrypted = port.protocol == "TLS" and tls is not None
        target = self._targets[port].arn
        aws.lb.Listener(
            name,
            load_balancer_arn=self._balancer.arn,
            port=port.port,
            protocol=port.protocol,
            certificate_arn=tls.certificate_arn if tls and encrypted else None,
            # TLS 1.2 and 1.3:
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06" if encrypted else None,
            alpn_policy="HTTP2Preferred" if encrypted else None,
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )

    def _target(self, port: Exposed) -> aws.lb.TargetGroup:
        """Create the target group of a Service's port: listeners may change their target group."""
        proxy = self._settings.client_ip == "proxy_protocol"
        return aws.lb.TargetGroup(
            f"gateway-{port.service_port}",
            vpc_id=self._aws.network.vpc_id,
            target_type="ip",
            protocol="TCP",
            port=port.container_port,
            preserve_client_ip=str(not proxy).lower(),
            proxy_protocol_v2=proxy,
            # Matches the time for which Envoy Gateway lets its proxies drain.
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
            # The controller may change only the targets of groups with this tag.
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
