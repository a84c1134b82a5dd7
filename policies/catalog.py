"""Every policy, in the order of docs/policies.md."""

from policies import aws, kubernetes
from policies.check import Policy

POLICIES = (
    Policy(
        "public-kubernetes-api",
        "The Kubernetes API is open to the world.",
        "Name the networks that need it in `axon:cluster.endpoint.public_cidrs`, and drop `anywhere`.",
        aws.open_api,
        (aws.CLUSTER,),
    ),
    Policy(
        "public-clients-without-tls",
        "Everybody may send requests, unencrypted.",
        "Set `axon:cluster.load_balancer.tls`, or name the clients' networks in `load_balancer.allow`.",
        aws.open_clients,
        (aws.INGRESS,),
    ),
    Policy(
        "unencrypted-storage",
        "Storage is not encrypted.",
        "Encrypt it: every disk that axon makes is; a resource of your own needs `encrypted`.",
        aws.unencrypted,
        aws.STORES,
    ),
    Policy(
        "wildcard-iam",
        "An IAM policy allows every action of a service, or changes of every resource.",
        "Name the actions and the ARNs; for a model, its places in `aws.read`.",
        aws.wildcard_iam,
        aws.POLICY_DOCUMENTS,
    ),
    Policy(
        "administrator-policies",
        "A role gets one of AWS' own policies that allow everything.",
        "Write a policy with the actions that are needed, and name that in `aws.policy_arns`.",
        aws.administrators,
        aws.ATTACHMENTS,
    ),
    Policy(
        "mutable-image-tag",
        "An image has the tag `latest`, or none.",
        "Name a version that never changes its meaning, best the digest (`image@sha256:…`).",
        kubernetes.mutable_tag,
        kubernetes.WORKLOADS,
    ),
    Policy(
        "foreign-registry",
        "A model's image is not from an allowed registry.",
        "Push it to the stack's registry, or add the registry to `policies/registries.txt`.",
        kubernetes.foreign_registry,
        kubernetes.WORKLOADS,
    ),
    Policy(
        "no-limits",
        "A model's container has no requests, or no limit of memory.",
        "Set `compute.cpu` and `compute.mem`.",
        kubernetes.no_limits,
        kubernetes.WORKLOADS,
    ),
    Policy(
        "replica-bounds",
        "The fewest replicas are more than the most.",
        "Raise `autoscaling.max_replicas` or lower `min_replicas`.",
        kubernetes.replica_bounds,
        kubernetes.AUTOSCALERS,
        always="mandatory",
    ),
    Policy(
        "node-bounds",
        "A node group's fewest nodes are more than its most.",
        "Raise `max_instances` or lower `min_instances`.",
        aws.node_bounds,
        (aws.NODES,),
        always="mandatory",
    ),
    Policy(
        "single-replica",
        "A model has one replica in production.",
        "Set `autoscaling.min_replicas` to 2 or more, or to 0 for a model that may sleep.",
        kubernetes.single_replica,
        kubernetes.AUTOSCALERS,
    ),
    Policy(
        "privileged-pod",
        "A pod is root, or could become it on the node.",
        "Set `runAsNonRoot`, `allowPrivilegeEscalation: false`, and no host access: as axon's own pods do.",
        kubernetes.privileged,
        kubernetes.WORKLOADS,
    ),
    Policy(
        "lost-state",
        "What is protected, or holds state in production, would be deleted or replaced.",
        "Undo the change; if it is meant, first set `axon:cluster.protected: false` in a change of its own.",
        aws.lost_state,
        ("aws:", "kubernetes:"),
    ),
    Policy(
        "over-budget",
        "The stack costs more than `axon:cluster.budget.monthly_usd`, even with its fewest nodes.",
        "Lower `min_instances` or use smaller types; or raise the budget in a change of its own.",
        aws.over_budget,
    ),
)
