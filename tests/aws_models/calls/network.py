"""Calls of EC2 for the network."""

from tests.aws_models.resource import Made, Resource


def vpc(resource: Resource) -> Made:
    switches = {
        name: resource.take(name[0].lower() + name[1:]) for name in ("EnableDnsSupport", "EnableDnsHostnames")
    }
    made = resource.create("ec2", "CreateVpc", TagSpecifications=resource.tags("vpc"))["Vpc"]
    for name, on in switches.items():
        if on is not None:
            resource.call("ec2", "ModifyVpcAttribute", VpcId=made["VpcId"], **{name: {"Value": on}})
    return Made(made["VpcId"], {"arn": resource.arn("ec2", f"vpc/{made['VpcId']}")})


def default_security_group(resource: Resource) -> Made:
    filters = [
        {"Name": "vpc-id", "Values": [resource.take("vpcId")]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    found = resource.call("ec2", "DescribeSecurityGroups", Filters=filters)["SecurityGroups"][0]
    id_, egress = found["GroupId"], found["IpPermissionsEgress"]
    # The provider takes out what stands there, and puts in what the program says: nothing.
    assert not resource.take("ingress")
    assert not resource.take("egress")
    resource.call("ec2", "RevokeSecurityGroupEgress", GroupId=id_, IpPermissions=egress)
    resource.call("ec2", "CreateTags", Resources=[id_], Tags=resource.take("tags", {}))
    return Made(id_)


def subnet(resource: Resource) -> Made:
    public = resource.take("mapPublicIpOnLaunch", False)
    made = resource.create("ec2", "CreateSubnet", TagSpecifications=resource.tags("subnet"))["Subnet"]
    resource.call(
        "ec2", "ModifySubnetAttribute", SubnetId=made["SubnetId"], MapPublicIpOnLaunch={"Value": public}
    )
    return Made(made["SubnetId"])


def internet_gateway(resource: Resource) -> Made:
    tags, vpc_id = resource.tags("internet-gateway"), resource.take("vpcId")
    made = resource.create("ec2", "CreateInternetGateway", TagSpecifications=tags)["InternetGateway"]
    resource.call("ec2", "AttachInternetGateway", InternetGatewayId=made["InternetGatewayId"], VpcId=vpc_id)
    return Made(made["InternetGatewayId"])


def route_table(resource: Resource) -> Made:
    made = resource.create("ec2", "CreateRouteTable", TagSpecifications=resource.tags("route-table"))
    return Made(made["RouteTable"]["RouteTableId"])


def route(resource: Resource) -> Made:
    table, to = resource.inputs["routeTableId"], resource.inputs["destinationCidrBlock"]
    resource.create("ec2", "CreateRoute")
    return Made(f"r-{table}{to}")


def route_table_association(resource: Resource) -> Made:
    return Made(resource.create("ec2", "AssociateRouteTable")["AssociationId"])


def eip(resource: Resource) -> Made:
    made = resource.create("ec2", "AllocateAddress", TagSpecifications=resource.tags("elastic-ip"))
    return Made(made["AllocationId"], {"allocationId": made["AllocationId"]})


def nat_gateway(resource: Resource) -> Made:
    made = resource.create("ec2", "CreateNatGateway", TagSpecifications=resource.tags("natgateway"))
    return Made(made["NatGateway"]["NatGatewayId"])


def vpc_endpoint(resource: Resource) -> Made:
    made = resource.create("ec2", "CreateVpcEndpoint", TagSpecifications=resource.tags("vpc-endpoint"))
    return Made(made["VpcEndpoint"]["VpcEndpointId"])


def flow_log(resource: Resource) -> Made:
    made = resource.create(
        "ec2",
        "CreateFlowLogs",
        {"iamRoleArn": "DeliverLogsPermissionArn"},
        ResourceIds=[resource.take("vpcId")],
        ResourceType="VPC",
        TagSpecifications=resource.tags("vpc-flow-log"),
    )
    for failure in made.get("Unsuccessful", []):
        resource.account.note(resource.title, f"ec2:CreateFlowLogs: {failure['Error']}")
    return Made((made["FlowLogIds"] or [f"{resource.name}-refused"])[0])


def security_group(resource: Resource) -> Made:
    name, tags = resource.own_name(), resource.tags("security-group")
    made = resource.create("ec2", "CreateSecurityGroup", GroupName=name, TagSpecifications=tags)
    return Made(made["GroupId"])


def ingress_rule(resource: Resource) -> Made:
    return _rule(resource, "AuthorizeSecurityGroupIngress")


def egress_rule(resource: Resource) -> Made:
    return _rule(resource, "AuthorizeSecurityGroupEgress")


def _rule(resource: Resource, operation: str) -> Made:
    group, cidr = resource.take("securityGroupId"), resource.take("cidrIpv4")
    other = resource.take("referencedSecurityGroupId")
    permission = {
        "IpProtocol": resource.take("ipProtocol"),
        "FromPort": resource.take("fromPort"),
        "ToPort": resource.take("toPort"),
        "IpRanges": [{"CidrIp": cidr}] if cidr else None,
        "UserIdGroupPairs": [{"GroupId": other}] if other else None,
    }
    tags = resource.tags("security-group-rule")
    made = resource.create(
        "ec2", operation, GroupId=group, IpPermissions=[permission], TagSpecifications=tags
    )
    return Made(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])
