"""Calls of Elastic Load Balancing, Route 53 and Budgets."""

from typing import Any

from tests.aws_models.account import ACCOUNT
from tests.aws_models.resource import Made, Resource

# What the provider sets by attributes, which are texts.
_OF_BALANCERS = {
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
}
_OF_TARGETS = {
    "preserveClientIp": "preserve_client_ip.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
}
_HEALTH: dict[str, str] = {
    "protocol": "HealthCheckProtocol",
    "port": "HealthCheckPort",
    "path": "HealthCheckPath",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


def load_balancer(resource: Resource) -> Made:
    scheme = "internal" if resource.take("internal") else "internet-facing"
    attributes = _attributes(resource, _OF_BALANCERS)
    made = resource.create(
        "elbv2",
        "CreateLoadBalancer",
        {"loadBalancerType": "Type"},
        Name=resource.own_name(),
        Scheme=scheme,
    )["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    resource.call("elbv2", "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=attributes)
    return Made(arn, {"arn": arn, "dnsName": made["DNSName"], "zoneId": made["CanonicalHostedZoneId"]})


def target_group(resource: Resource) -> Made:
    attributes = _attributes(resource, _OF_TARGETS)
    given: dict[str, Any] = resource.take("healthCheck", {})
    health = {_HEALTH.get(key, key): value for key, value in given.items()}
    made = resource.create("elbv2", "CreateTargetGroup", Name=resource.own_name(), **health)["TargetGroups"][
        0
    ]
    arn = made["TargetGroupArn"]
    resource.call("elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=attributes)
    return Made(arn, {"arn": arn})


def _attributes(resource: Resource, names: dict[str, str]) -> list[dict[str, Any]]:
    given = {attribute: resource.take(key) for key, attribute in names.items()}
    return [{"Key": key, "Value": value} for key, value in given.items() if value is not None]


def listener(resource: Resource) -> Made:
    made = resource.create("elbv2", "CreateListener", **listened(resource))["Listeners"][0]
    return Made(made["ListenerArn"], {"arn": made["ListenerArn"]})


def listened(resource: Resource) -> dict[str, Any]:
    """Return the parameters of a listener that its provider has otherwise: one certificate, one policy."""
    certificate, policy = resource.take("certificateArn"), resource.take("alpnPolicy")
    return {
        "Certificates": [{"CertificateArn": certificate}] if certificate else None,
        "AlpnPolicy": [policy] if policy else None,
    }


def record(resource: Resource) -> Made:
    zone, wanted = record_set(resource)
    change = {"Action": "CREATE", "ResourceRecordSet": wanted}
    resource.create(
        "route53", "ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": [change]}
    )
    return Made(f"{zone}_{wanted['Name']}_{wanted['Type']}", {"fqdn": wanted["Name"]})


def record_set(resource: Resource) -> tuple[str, dict[str, Any]]:
    """Return a record's zone, and the record as Route 53 takes it."""
    zone, aliases = resource.take("zoneId"), resource.take("aliases", [])
    wanted: dict[str, Any] = {"Name": resource.take("name"), "Type": resource.take("type")}
    for alias in aliases:
        wanted["AliasTarget"] = {
            "HostedZoneId": alias["zoneId"],
            "DNSName": alias["name"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    return zone, wanted


def budget(resource: Resource) -> Made:
    name = resource.own_name()
    filters = {each["name"]: each["values"] for each in resource.take("costFilters", [])}
    wanted = {
        "BudgetName": name,
        "BudgetType": resource.take("budgetType"),
        "TimeUnit": resource.take("timeUnit"),
        "BudgetLimit": {"Amount": resource.take("limitAmount"), "Unit": resource.take("limitUnit")},
        "CostFilters": filters,
    }
    told = [_notification(each) for each in resource.take("notifications", [])]
    resource.create(
        "budgets",
        "CreateBudget",
        {"tags": "ResourceTags"},
        AccountId=ACCOUNT,
        Budget=wanted,
        NotificationsWithSubscribers=told,
    )
    return Made(f"{ACCOUNT}:{name}")


def _notification(given: dict[str, Any]) -> dict[str, Any]:
    emails = given.pop("subscriberEmailAddresses")
    subscribers = [{"SubscriptionType": "EMAIL", "Address": email} for email in emails]
    return {"Notification": given, "Subscribers": subscribers}
