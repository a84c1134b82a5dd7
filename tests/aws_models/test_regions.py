"""The network of a stack in each region with EKS: by default, and in as many zones as it can have."""

import botocore.session
import pytest

from components.network import Network
from tests.aws_models.account import Account
from tests.aws_models.calls.eks import check_zones
from tests.aws_models.program import run
from tests.aws_models.resource import Resource
from tests.unit.on_aws import cluster

REGIONS = botocore.session.get_session().get_available_regions("eks")


@pytest.mark.parametrize("network", [{}, {"zone_count": 6}], ids=["default", "all"])
@pytest.mark.parametrize("region", REGIONS)
def test_the_zones_of_a_network_exist_and_have_eks(region: str, network: dict[str, int]) -> None:
    account = Account(region)
    settings = cluster(region=region, network=network)

    recorder = run(lambda: Network("network", settings), account)

    assert [str(finding) for finding in account.findings] == []
    subnets = recorder.ids("aws:ec2/subnet:Subnet")
    check_zones(Resource("aws:eks/cluster:Cluster", region, {}, account), subnets)
    assert len(subnets) == 2 * len(settings.network.zone_names(region)) >= 4
    assert [str(finding) for finding in account.findings] == []
