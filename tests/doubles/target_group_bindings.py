"""What the load balancer controller's webhook refuses, for a cluster where its stand-in has no webhook.

https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/webhooks/elbv2/targetgroupbinding_validator.go
"""

from typing import Any

NAME = "axon-test-target-group-bindings"
_IMMUTABLE = ("targetGroupARN", "targetType", "ipAddressType", "vpcID")


def refusals() -> list[dict[str, Any]]:
    """Return the policy that keeps the fields of a TargetGroupBinding, and its binding."""
    rules = {
        "apiGroups": ["elbv2.k8s.aws"],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["targetgroupbindings"],
    }
    validations = [
        {
            "expression": f"object.spec.?{field} == oldObject.spec.?{field}",
            "message": f"TargetGroupBinding update may not change these fields: spec.{field}",
        }
        for field in _IMMUTABLE
    ]
    common: dict[str, Any] = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "metadata": {"name": NAME},
    }
    return [
        {
            **common,
            "kind": "ValidatingAdmissionPolicy",
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [rules]},
                "validations": validations,
            },
        },
        {
            **common,
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {"policyName": NAME, "validationActions": ["Deny"]},
        },
    ]
