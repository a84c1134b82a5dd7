"""What AWS refuses of a resource on its own and neither its models nor moto do: a property and a reason."""

from collections.abc import Callable, Iterator

from tests.doubles.rules import ec2, eks, others
from tests.doubles.rules.names import name_failures
from tests.doubles.rules.tags import tag_failures
from tests.doubles.wire import Properties

Failure = tuple[str, str]
Rule = Callable[[Properties], Iterator[Failure]]

_RULES: dict[str, Rule] = {
    "aws:eks/cluster:Cluster": eks.cluster,
    "aws:eks/nodeGroup:NodeGroup": eks.node_group,
    "aws:eks/addon:Addon": eks.addon,
    "aws:eks/accessEntry:AccessEntry": eks.access_entry,
    "aws:ec2/vpc:Vpc": ec2.network,
    "aws:ec2/subnet:Subnet": ec2.network,
    "aws:ec2/launchTemplate:LaunchTemplate": ec2.launch_template,
    "aws:ec2/securityGroup:SecurityGroup": ec2.security_group,
    "aws:ec2/vpcEndpoint:VpcEndpoint": ec2.vpc_endpoint,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ec2.security_group_rule,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ec2.security_group_rule,
    "aws:cloudwatch/logGroup:LogGroup": others.log_group,
    "aws:kms/key:Key": others.key,
    "aws:lb/loadBalancer:LoadBalancer": others.load_balancer,
    "aws:lb/targetGroup:TargetGroup": others.target_group,
    "aws:lb/listener:Listener": others.listener,
}


def failures(token: str, properties: Properties) -> Iterator[Failure]:
    """Yield what AWS would not take, of the values that are known."""
    if token in _RULES:
        yield from _RULES[token](properties)
    yield from name_failures(token, properties)
    yield from tag_failures(token, properties)
