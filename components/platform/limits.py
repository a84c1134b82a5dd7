"""ResourceQuota of all models of a namespace together."""

import pulumi
import pulumi_kubernetes as k8s

from stacks.settings.compute import SidecarCompute
from stacks.settings.platform import Quota

_NAME = "models"


def limits(quota: Quota, namespace: pulumi.Output[str], opts: pulumi.ResourceOptions) -> None:
    """Create the quota, and default requests for other pods of the namespace, which the quota would otherwise
    reject.

    https://kubernetes.io/docs/concepts/policy/resource-quotas/
    """
    wanted = {"requests.cpu": quota.cpu, "requests.memory": quota.mem, "pods": quota.pods}
    metadata = k8s.meta.v1.ObjectMetaArgs(name=_NAME, namespace=namespace)
    k8s.core.v1.ResourceQuota(
        _NAME,
        metadata=metadata,
        spec=k8s.core.v1.ResourceQuotaSpecArgs(
            hard={key: str(value) for key, value in wanted.items() if value is not None}
        ),
        opts=opts,
    )
    small = SidecarCompute()
    defaults = k8s.core.v1.LimitRangeItemArgs(
        type="Container",
        default_request={"cpu": small.cpu, "memory": small.mem},
        default={"memory": small.mem},
    )
    k8s.core.v1.LimitRange(
        _NAME, metadata=metadata, spec=k8s.core.v1.LimitRangeSpecArgs(limits=[defaults]), opts=opts
    )
