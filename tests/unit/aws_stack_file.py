"""Stack files for AWS that are right, for tests to make wrong ones of."""

GOOD = """\
config:
  axon:cluster:
    kind: eks
    name: lab
    account: "111122223333"
    region: eu-west-1
    version: "1.36"
    network:
      cidr: 10.1.0.0/16
      service_cidr: 172.20.0.0/16
      zone_count: 3
      nat: single
      flow_logs: true
    endpoint:
      public_cidrs: [203.0.113.0/24]
    access:
      team:
        principal_arn: arn:aws:iam::111122223333:role/team
        policy: view
    node_groups:
      system:
        role: system
        instance_types: [m7i.large]
        min_instances: 2
        max_instances: 3
      cpu-spot:
        instance_types: [m7i.large, m6i.large]
        spot: true
        priority: 10
        min_instances: 0
        max_instances: 4
        zones: [eu-west-1a]
        labels: {team: vision}
        taints: [{key: team, value: vision, effect: NoSchedule}]
        disk: {size: 100, type: gp3, iops: 3000}
      gpu:
        instance_types: [g5.xlarge]
        max_instances: 2
        max_unavailable: 1
    log_retention_days: 30
    load_balancer:
      scheme: internet-facing
      allow: [203.0.113.0/24]
      tls: {certificate_arn: "arn:aws:acm:eu-west-1:111122223333:certificate/1"}
      dns: {zone_id: Z0123456789ABCDEFGHIJ, hostnames: [models.example.com]}
    logging: {retention_days: 14}
    model_store: {old_versions_days: 30}
    external_dns: {zone_ids: [Z0123456789ABCDEFGHIJ]}
    budget: {monthly_usd: 100, emails: [team@example.com]}
    tags: {team: vision}
  axon:models:
    iris:
      predictor: {type: sklearn, path: predictors/iris}
      compute:
        cpu: 500m
        mem: 1Gi
      autoscaling:
        min_replicas: 1
        max_replicas: 8
      node_groups: [cpu-spot]
      aws:
        read: ["s3://models/iris/"]
        policy_arns: ["arn:aws:iam::111122223333:policy/read"]
    vision:
      predictor: {type: sklearn, path: predictors/digits}
      compute: {gpu: 1}
"""
EXISTING = GOOD.replace(
    "flow_logs: true",
    """existing:
        vpc: vpc-0123456789abcdef0
        cidr: 10.2.0.0/16
        private_subnets: {eu-west-1a: subnet-0123456789abcdef0, eu-west-1b: subnet-0123456789abcdef1}
        public_subnets: {eu-west-1a: subnet-0123456789abcdef2, eu-west-1b: subnet-0123456789abcdef3}""",
)
