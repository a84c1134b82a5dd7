"""Traffic splitter: an endpoint whose requests are distributed over several model APIs."""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from components.model_api import ModelApi
from components.platform import Platform
from components.route import Route, backend, rule, url
from stacks.settings import traffic_splitter as settings
from stacks.settings.model import Model

# Response header with the name of the model API, for clients that compare models.
ANSWERED_BY = "x-axon-model"


class TrafficSplitter(pulumi.ComponentResource):
    """Route to the Services of several model APIs, by weight, with shadow copies and a header for testers."""

    url: pulumi.Output[str]
    """URL of the splitter."""

    def __init__(
        self,
        name: str,
        splitter: settings.TrafficSplitter,
        apis: Mapping[str, ModelApi],
        *,
        platform: Platform,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the route. `apis` are the stack's model APIs, by name."""
        super().__init__("axon:traffic_splitter:TrafficSplitter", name, None, opts)
        self._splitter, self._apis = splitter, apis
        endpoint = splitter.endpoint(name)
        Route(
            name,
            splitter.networking,
            list(self._rules(endpoint)),
            endpoint=endpoint,
            models=self._models(share.name for share in splitter.apis),
            platform=platform,
            labels={
                "app.kubernetes.io/name": name,
                "app.kubernetes.io/managed-by": "axon",
                "axon.dev/stack": pulumi.get_stack(),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[platform]),
        )
        self.url = url(platform, splitter.networking, endpoint)
        self.register_outputs({"url": self.url})

    def _models(self, names: Iterator[str]) -> list[Model]:
        return [self._apis[name].model for name in names]

    def _rules(self, endpoint: str) -> Iterator[dict[str, Any]]:
        """Yield the general rule, then the testers' rule, which is more specific."""
        shares, canary = self._splitter.apis, self._splitter.canary
        keep_path = self._splitter.networking.keep_path
        yield rule(
            endpoint,
            self._models(share.name for share in shares),
            [self._backend(share.name, share.weight) for share in shares],
            keep_path=keep_path,
            filters=self._copies(),
        )
        if canary:
            header = {"type": "Exact", "name": canary.header, "value": canary.value}
            models = self._models(iter([canary.name]))
            testers = [self._backend(canary.name, 1)]
            yield rule(endpoint, models, testers, keep_path=keep_path, headers=[header])

    def _backend(self, name: str, weight: int) -> dict[str, Any]:
        # The gateway counts a backend with its own filter separately (components/gateway_clusters.py).
        says = {"set": [{"name": ANSWERED_BY, "value": name}]}
        filters = [{"type": "ResponseHeaderModifier", "responseHeaderModifier": says}]
        return {**backend(self._apis[name].service), "weight": weight, "filters": filters}

    def _copies(self) -> list[dict[str, Any]]:
        shadow = self._splitter.shadow
        if shadow is None:
            return []
        mirror = {"backendRef": backend(self._apis[shadow.name].service), "percent": shadow.percent}
        return [{"type": "RequestMirror", "requestMirror": mirror}]
