"""One model as a production API."""

import pulumi
import pulumi_kubernetes as k8s

from components.iam import PodRole
from components.kubernetes_cluster import OnAws
from components.model_role import statements
from components.platform import Platform
from components.pod import pod_spec
from components.scheduling import scheduling
from predictor_images import image_of
from stacks.settings.images import Images
from stacks.settings.model import Model
from stacks.settings.units import duration_seconds

_ROUTE_ACCEPTED = 'jsonpath={.status.parents[0].conditions[?(@.type=="Accepted")].status}=True'


class ModelApi(pulumi.ComponentResource):
    """A rolling-update Deployment, its Service, its autoscaler, its disruption budget and its route.

    The autoscaler owns the replica count: the Deployment never states one, so that an update neither
    resets the scale nor fights over the field.
    """

    url: pulumi.Output[str]
    """Where the model answers: `http://host/endpoint`."""

    image: str
    """The image that the replicas run."""

    def __init__(
        self,
        name: str,
        model: Model,
        images: Images,
        *,
        platform: Platform,
        on_aws: OnAws | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:model_api:ModelApi", name, None, opts)
        self._name, self._model, self._platform = name, model, platform
        self._labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "axon"}
        self._child = pulumi.ResourceOptions(parent=self)
        self.image = image_of(images, model.predictor, gpu=model.compute.gpu > 0)
        self._scheduling = scheduling(model, on_aws.settings if on_aws else None)

        account = self._service_account(on_aws) if on_aws and model.access.granted else None
        deployment = self._deployment(account)
        service = self._service()
        self._autoscaler(deployment)
        self._disruption_budget()
        self._route(service)

        self.url = platform.url.apply(lambda url: url + model.endpoint(name))
        self.register_outputs({"url": self.url, "image": self.image})

    def _metadata(self, annotations: dict[str, str] | None = None) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(
            name=self._name,
            namespace=self._platform.namespace,
            labels=self._labels,
            annotations=annotations,
        )

    def _selector(self) -> k8s.meta.v1.LabelSelectorArgs:
        return k8s.meta.v1.LabelSelectorArgs(match_labels={"app.kubernetes.io/name": self._name})

    def _service_account(self, on_aws: OnAws) -> k8s.core.v1.ServiceAccount:
        """Give the replicas an identity with a role on AWS."""
        access, namespace = self._model.access, self._platform.namespace_name
        pod_role = PodRole(
            self._name,
            on_aws.settings.name,
            full_name=f"{on_aws.settings.name}-model-{self._name}",
            namespace=namespace,
            service_account=self._name,
            policy_arns={_policy_name(arn): arn for arn in access.policy_arns},
            statements=statements(access),
            association=on_aws.cluster_name,
            opts=self._child,
        )
        return k8s.core.v1.ServiceAccount(
            self._name,
            metadata=self._metadata(),
            automount_service_account_token=False,
            # A pod that starts before its role is associated would have no credentials for good.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[pod_role]),
        )

    def _deployment(self, account: k8s.core.v1.ServiceAccount | None) -> k8s.apps.v1.Deployment:
        update = self._model.update_strategy
        seconds = int(duration_seconds(update.timeout))
        rolling = k8s.apps.v1.RollingUpdateDeploymentArgs(
            max_surge=_count_or_percent(update.max_surge),
            max_unavailable=_count_or_percent(update.max_unavailable),
        )
        return k8s.apps.v1.Deployment(
            self._name,
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                selector=self._selector(),
                strategy=k8s.apps.v1.DeploymentStrategyArgs(type="RollingUpdate", rolling_update=rolling),
                progress_deadline_seconds=seconds,
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(labels=self._labels),
                    spec=pod_spec(
                        self._name,
                        self._model,
                        self.image,
                        self._scheduling,
                        account.metadata.name.apply(str) if account else None,
                    ),
                ),
            ),
            # The engine waits a little longer than Kubernetes, whose word it then reports.
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(create=f"{seconds + 30}s", update=f"{seconds + 30}s"),
            ),
        )

    def _service(self) -> k8s.core.v1.Service:
        return k8s.core.v1.Service(
            self._name,
            metadata=self._metadata(),
            spec=k8s.core.v1.ServiceSpecArgs(
                selector={"app.kubernetes.io/name": self._name},
                ports=[k8s.core.v1.ServicePortArgs(name="http", port=80, target_port="http")],
            ),
            opts=self._child,
        )

    def _autoscaler(self, deployment: k8s.apps.v1.Deployment) -> k8s.autoscaling.v2.HorizontalPodAutoscaler:
        scaling = self._model.autoscaling
        target = k8s.autoscaling.v2.MetricTargetArgs(
            type="Utilization", average_utilization=scaling.target_cpu_utilization
        )
        return k8s.autoscaling.v2.HorizontalPodAutoscaler(
            self._name,
            metadata=self._metadata(),
            spec=k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs(
                scale_target_ref=k8s.autoscaling.v2.CrossVersionObjectReferenceArgs(
                    api_version="apps/v1",
                    kind="Deployment",
                    name=deployment.metadata.name.apply(str),
                ),
                min_replicas=scaling.min_replicas,
                max_replicas=scaling.max_replicas,
                metrics=[
                    k8s.autoscaling.v2.MetricSpecArgs(
                        type="Resource",
                        resource=k8s.autoscaling.v2.ResourceMetricSourceArgs(name="cpu", target=target),
                    )
                ],
            ),
            opts=self._child,
        )

    def _disruption_budget(self) -> k8s.policy.v1.PodDisruptionBudget:
        return k8s.policy.v1.PodDisruptionBudget(
            self._name,
            metadata=self._metadata(),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                selector=self._selector(),
                # One at a time; a budget that a single replica could never meet would block every drain.
                max_unavailable=1,
                unhealthy_pod_eviction_policy="AlwaysAllow",
            ),
            opts=self._child,
        )

    def _route(self, service: k8s.core.v1.Service) -> k8s.apiextensions.CustomResource:
        # Models see `/` and what follows their endpoint, as Cortex's did.
        rewrite = {
            "type": "URLRewrite",
            "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
        }
        endpoint = self._model.endpoint(self._name)
        return k8s.apiextensions.CustomResource(
            self._name,
            api_version="gateway.networking.k8s.io/v1",
            kind="HTTPRoute",
            metadata=self._metadata({"pulumi.com/waitFor": _ROUTE_ACCEPTED}),
            spec={
                "parentRefs": [
                    {"name": self._platform.gateway, "namespace": self._platform.gateway_namespace}
                ],
                "rules": [
                    {
                        "matches": [{"path": {"type": "PathPrefix", "value": endpoint}}],
                        "filters": [rewrite],
                        "backendRefs": [{"name": service.metadata.name, "port": 80}],
                    }
                ],
            },
            # Its kind and its parent come from the platform.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._platform]),
        )


def _policy_name(arn: str) -> str:
    """Name a policy by whose it is, as well: AWS' and the account's may be called alike."""
    account, name = arn.split(":")[4], arn.rsplit("/", 1)[-1]
    return f"{account}-{name}"


def _count_or_percent(text: str) -> int | str:
    return text if text.endswith("%") else int(text)
