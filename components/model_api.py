"""Model API: all Kubernetes objects of one model."""

import math
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.autoscaler import autoscaler, is_plain
from components.curl import curl
from components.gateway_clusters import clusters_of
from components.image_metrics import metrics_annotations, metrics_labels
from components.kubernetes_cluster import OnAws
from components.metadata import metadata
from components.network_policy import network_policy
from components.platform import Platform
from components.pod import pod_spec, service_port
from components.route import Route, backend, rule, url
from components.scheduling import scheduling
from predictor_images import image_of
from stacks.settings.architectures import architectures_of
from stacks.settings.eks_checks import eligible_groups
from stacks.settings.images import Images
from stacks.settings.model import Model
from stacks.settings.traffic_splitter import TrafficSplitter
from stacks.settings.units import duration_seconds

# In addition to `update_strategy.timeout`, before Pulumi stops waiting.
_MARGIN_SECONDS = 10


class ModelApi(pulumi.ComponentResource):
    """Deployment with rolling updates, ServiceAccount, NetworkPolicy, Service, autoscaler, disruption budget,
    route.

    The autoscaler owns the replica count: the Deployment states only the initial count, so that an update
    neither resets the scale nor conflicts over the field.
    """

    url: pulumi.Output[str]
    """URL of the model: `http://host/endpoint`."""

    image: str
    """Image of the replicas."""

    model: Model
    """Settings of the model."""

    service: pulumi.Output[str]
    """Name of the model's Service, which listens on port 80."""

    def __init__(
        self,
        name: str,
        model: Model,
        images: Images,
        *,
        platform: Platform,
        on_aws: OnAws | None = None,
        splitters: Mapping[str, TrafficSplitter] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the objects. `splitters` are the stack's, which may also send requests to the model."""
        # The name identifies the model in Pulumi and on the cluster; the key is only its name in the stack
        # file.
        self._key, self._name = name, model.object_name(name)
        super().__init__("axon:model_api:ModelApi", self._name, None, opts)
        self.model, self._images, self._platform = model, images, platform
        self._splitters = splitters or {}
        self._labels = {
            "app.kubernetes.io/name": self._name,
            "app.kubernetes.io/managed-by": "axon",
            "axon.dev/model": self._name,
            "axon.dev/stack": pulumi.get_stack(),
        }
        self._child = pulumi.ResourceOptions(parent=self)
        # The platform owns the custom resource definitions and their controllers.
        self._on_platform = pulumi.ResourceOptions(
            parent=self, depends_on=[platform], custom_timeouts=self._timeouts()
        )
        self.image = image_of(
            images,
            model.predictor,
            gpu=model.compute.gpu > 0,
            architectures=architectures_of(on_aws.settings if on_aws else None, model),
        )
        self._model_has_role = on_aws is not None and model.access.granted
        self._scheduling = scheduling(self._name, model, on_aws.settings if on_aws else None)

        policy = self._network_policy(on_aws=on_aws is not None)
        home = _only_home(model, on_aws) if on_aws else []
        deployment = self._deployment(self._service_account(on_aws), [policy, *home])
        service = self._service()
        self._autoscaler(deployment)
        self._disruption_budget()
        self.service = service.metadata.name.apply(str)
        self._route()

        self.url = url(platform, model.networking, model.endpoint(name))
        self.register_outputs({"url": self.url, "image": self.image})

    @property
    def summary(self) -> dict[str, pulumi.Input[str]]:
        """Summary for users of the stack: `endpoint`, `image`, `replicas`, `curl`."""
        low, high = self.model.replicas
        return {
            "endpoint": self.url,
            "image": self.image,
            "replicas": str(low) if low == high else f"{low} to {high}",
            "curl": self.url.apply(lambda url: curl(self.model, url)),
        }

    def _timeouts(self) -> pulumi.CustomTimeouts:
        """Return Pulumi's timeouts: slightly longer than Kubernetes' timeout of a rollout.

        Pulumi's error then contains Kubernetes' reason. Pulumi's own default is ten minutes.
        """
        seconds = f"{math.ceil(duration_seconds(self.model.update_strategy.timeout)) + _MARGIN_SECONDS}s"
        return pulumi.CustomTimeouts(create=seconds, update=seconds)

    def _metadata(self) -> k8s.meta.v1.ObjectMetaArgs:
        return metadata(self._name, self._platform, self._labels)

    def _selector(self) -> k8s.meta.v1.LabelSelectorArgs:
        return k8s.meta.v1.LabelSelectorArgs(match_labels={"app.kubernetes.io/name": self._name})

    def _pod_labels(self) -> dict[str, str]:
        """Return pod labels that select the pods for Prometheus and assign their costs."""
        return {**self._platform.pod_labels, **self._labels, **metrics_labels(self.model)}

    def _pod_annotations(self) -> dict[str, str] | None:
        """Return an annotation that triggers a rollout when AWS permissions are added or removed: pods get
        a role at start.
        """
        role = {"axon.dev/aws-role": "own"} if self._model_has_role else {}
        return {**role, **metrics_annotations(self.model)} or None

    def _network_policy(self, *, on_aws: bool) -> k8s.networking.v1.NetworkPolicy:
        return network_policy(
            self._name,
            self.model,
            platform=self._platform,
            labels=self._labels,
            on_aws=on_aws,
            opts=self._child,
        )

    def _service_account(self, on_aws: OnAws | None) -> k8s.core.v1.ServiceAccount:
        """Create the replicas' own service account, which may have a role on AWS."""
        after: list[pulumi.Resource] = []
        if on_aws and self.model.access.granted:
            from components.model_role import model_role  # imports AWS' SDK, which takes seconds

            # A pod that starts before its role is associated would never get credentials.
            after.append(model_role(self._name, self.model.access, self._platform, on_aws, self._child))
        return k8s.core.v1.ServiceAccount(
            self._name,
            metadata=self._metadata(),
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    def _deployment(
        self, account: k8s.core.v1.ServiceAccount, after: Sequence[pulumi.Resource]
    ) -> k8s.apps.v1.Deployment:
        update = self.model.update_strategy
        seconds = int(duration_seconds(update.timeout))
        # A HorizontalPodAutoscaler is inactive at zero replicas; KEDA has a setting
        # (components/autoscaler.py):
        # https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
        replicas = 0 if self.model.paused else self.model.autoscaling.init_replicas
        min_ready = math.ceil(duration_seconds(update.min_ready))
        rolling = k8s.apps.v1.RollingUpdateDeploymentArgs(
            max_surge=_count_or_percent(update.max_surge),
            max_unavailable=_count_or_percent(update.max_unavailable),
        )
        return k8s.apps.v1.Deployment(
            self._name,
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=replicas,
                selector=self._selector(),
                min_ready_seconds=min_ready or None,
                strategy=k8s.apps.v1.DeploymentStrategyArgs(type="RollingUpdate", rolling_update=rolling),
                progress_deadline_seconds=seconds,
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(
                        labels=self._pod_labels(), annotations=self._pod_annotations()
                    ),
                    spec=pod_spec(
                        self._name,
                        self.model,
                        self.image,
                        self._images,
                        self._scheduling,
                        account.metadata.name.apply(str),
                        self._priority_class(),
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(after),  # no replica starts before these exist
                # Initial count only: afterwards KEDA scales the model, also to zero and back.
                ignore_changes=None if is_plain(self.model) else ["spec.replicas"],
                custom_timeouts=self._timeouts(),
            ),
        )

    def _priority_class(self) -> pulumi.Input[str] | None:
        """Return the priority class, an output if the platform creates it: pods require an existing class."""
        wanted = self.model.priority_class
        return self._platform.priority_classes.get(wanted, wanted) if wanted else None

    def _service(self) -> k8s.core.v1.Service:
        return k8s.core.v1.Service(
            self._name,
            # The Deployment reports whether replicas are ready; Pulumi would wait here a second time.
            metadata=metadata(self._name, self._platform, self._labels, {"pulumi.com/skipAwait": "true"}),
            spec=k8s.core.v1.ServiceSpecArgs(
                selector={"app.kubernetes.io/name": self._name},
                ports=[service_port(self.model)],
            ),
            opts=self._child,
        )

    def _route(self) -> None:
        endpoint, networking = self.model.endpoint(self._name), self.model.networking
        way = rule(endpoint, [self.model], [backend(self.service)], keep_path=networking.keep_path)
        Route(
            self._name,
            networking,
            [way],
            endpoint=endpoint,
            models=[self.model],
            platform=self._platform,
            labels=self._labels,
            opts=self._on_platform,
        )

    def _autoscaler(self, deployment: k8s.apps.v1.Deployment) -> None:
        autoscaler(
            self._name,
            self.model,
            clusters=clusters_of(self._name, self._key, self._splitters, self._platform.namespace_name),
            platform=self._platform,
            labels=self._labels,
            deployment=deployment,
            opts=self._on_platform,
        )

    def _disruption_budget(self) -> k8s.policy.v1.PodDisruptionBudget:
        return k8s.policy.v1.PodDisruptionBudget(
            self._name,
            metadata=self._metadata(),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                selector=self._selector(),
                # One replica at a time; a budget that a single replica could never meet would block every
                # drain.
                max_unavailable=1,
                unhealthy_pod_eviction_policy="AlwaysAllow",
            ),
            opts=self._child,
        )


def _only_home(model: Model, on_aws: OnAws) -> list[pulumi.Resource]:
    """Return the node group of a model that is restricted to one: without the group a rollout could only
    time out.
    """
    groups = list(eligible_groups(on_aws.settings, model))
    return [on_aws.node_groups[name] for name in groups if len(groups) == 1 and name in on_aws.node_groups]


def _count_or_percent(text: str) -> int | str:
    return text if text.endswith("%") else int(text)
