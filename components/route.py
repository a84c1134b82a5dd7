"""Route from the gateway to replicas, and the policies of the route."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pulumi
import pulumi_kubernetes as k8s

from components.claim import claim
from components.metadata import metadata
from components.platform import Platform
from components.security_policy import security_policy, without_token
from components.traffic_policy import request_timeout, traffic_policy
from stacks.settings.model import Model
from stacks.settings.networking import Networking

# The gateway accepts or rejects a policy within moments; a rejected policy stays rejected.
_ACCEPT_SECONDS = 60
_ROUTE_ACCEPTED = 'jsonpath={.status.parents[0].conditions[?(@.type=="Accepted")].status}=True'
_ACCEPTED = 'jsonpath={.status.ancestors[0].conditions[?(@.type=="Accepted")].status}=True'
_SOON = pulumi.CustomTimeouts(create=f"{_ACCEPT_SECONDS}s", update=f"{_ACCEPT_SECONDS}s")


class Route:
    """HTTPRoute and the gateway's policies for it, which share its name."""

    def __init__(
        self,
        name: str,
        networking: Networking,
        rules: Sequence[dict[str, Any]],
        *,
        endpoint: str,
        models: Sequence[Model],
        platform: Platform,
        labels: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Create the route. All rules match the path `endpoint`; `models` are those that may respond."""
        self._name, self._platform, self._labels, self._opts = name, platform, labels, opts
        secured = self._secured(networking)
        claimed = claim(name, networking, endpoint, platform, opts)
        route = self._route(networking, without_token(networking, rules), after=[*secured, claimed])
        self._policy("BackendTrafficPolicy", traffic_policy(networking, models), after=[route])
        if secured:
            self._accepted(after=[*secured, route])

    def _secured(self, networking: Networking) -> list[pulumi.Resource]:
        """Create the SecurityPolicy before the route: no request may arrive without it."""
        spec = security_policy(networking)
        return [self._policy("SecurityPolicy", spec, ready=None)] if spec else []

    def _accepted(self, after: Sequence[pulumi.Resource]) -> None:
        """Wait until the gateway accepts the SecurityPolicy, which requires the route."""
        k8s.apiextensions.CustomResourcePatch(
            self._name,
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="SecurityPolicy",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=self._name,
                namespace=self._platform.namespace,
                annotations={"pulumi.com/waitFor": _ACCEPTED},
            ),
            opts=self._after(after),
        )

    def _route(
        self, networking: Networking, rules: Sequence[dict[str, Any]], after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        parent = {"name": self._platform.gateway, "namespace": self._platform.gateway_namespace}
        hostnames = {"hostnames": networking.hostnames} if networking.hostnames else {}
        return k8s.apiextensions.CustomResource(
            self._name,
            api_version="gateway.networking.k8s.io/v1",
            kind="HTTPRoute",
            metadata=self._metadata(_ROUTE_ACCEPTED),
            spec={"parentRefs": [parent], **hostnames, "rules": list(rules)},
            opts=pulumi.ResourceOptions.merge(
                self._after(after), pulumi.ResourceOptions(hooks=self._platform.claimed)
            ),
        )

    def _policy(
        self,
        kind: str,
        spec: dict[str, Any],
        *,
        ready: str | None = _ACCEPTED,
        after: Sequence[pulumi.Resource] = (),
    ) -> pulumi.Resource:
        target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": self._name}
        return k8s.apiextensions.CustomResource(
            self._name,
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind=kind,
            metadata=self._metadata(ready),
            spec={"targetRefs": [target], **spec},
            opts=self._after(after),
        )

    def _metadata(self, ready: str | None) -> k8s.meta.v1.ObjectMetaArgs:
        awaited = {"pulumi.com/waitFor": ready} if ready else None
        return metadata(self._name, self._platform, self._labels, awaited)

    def _after(self, resources: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        more = pulumi.ResourceOptions(depends_on=list(resources), custom_timeouts=_SOON)
        return pulumi.ResourceOptions.merge(self._opts, more)


def rule(
    endpoint: str,
    models: Sequence[Model],
    backends: Sequence[dict[str, Any]],
    *,
    keep_path: bool = False,
    filters: Sequence[dict[str, Any]] = (),
    headers: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Return a rule of a route: requests to `endpoint` go to `backends`, which serve `models`."""
    # Models receive `/` and the rest of the path after their endpoint.
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    rewritten = [] if keep_path else [{"type": "URLRewrite", "urlRewrite": {"path": path}}]
    match = {"path": {"type": "PathPrefix", "value": endpoint}}
    return {
        "matches": [{**match, "headers": list(headers)} if headers else match],
        # The API server drops an empty list, which would be a difference in every preview.
        **({"filters": [*rewritten, *filters]} if rewritten or filters else {}),
        "backendRefs": list(backends),
        "timeouts": {"request": request_timeout(models)},
    }


def backend(service: pulumi.Input[str]) -> dict[str, Any]:
    """Return a model's Service as a backend of a route."""
    return {"name": service, "port": 80}


def url(platform: Platform, networking: Networking, endpoint: str) -> pulumi.Output[str]:
    """Return the URL for clients: with the route's own host name, if it has one, otherwise the gateway's."""

    def at_host(gateway: str) -> str:
        parts = urlsplit(gateway + endpoint)
        if not networking.hostnames:
            return gateway + endpoint
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit(parts._replace(netloc=networking.hostnames[0] + port))

    return platform.url.apply(at_host)
