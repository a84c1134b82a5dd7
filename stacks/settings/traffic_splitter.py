"""`axon:traffic_splitters`: endpoints that divide their requests among several model APIs."""

from collections.abc import Iterator

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.networking import Networking
from stacks.settings.units import DnsLabel
from stacks.settings.web import HeaderName, HeaderValue


class Share(Settings):
    """A model API and its share of the requests."""

    name: DnsLabel
    """Name of the model API."""

    weight: int = Field(ge=0, le=100)
    """Share of the requests in percent. `0`: only requests of the canary, until the weight is raised."""


class Shadow(Settings):
    """A model API that receives copies of requests. Its responses are discarded, and no client waits for
    them.
    """

    name: DnsLabel
    """Name of the model API that receives the copies."""

    percent: int = Field(default=100, ge=1, le=100)
    """Percentage of requests that are copied."""


class Canary(Settings):
    """Header with which testers reach one model API, whatever the weights."""

    name: DnsLabel
    """Name of the model API that receives requests with the header."""

    header: HeaderName = "x-canary"
    """Name of the request header, in lower case."""

    value: HeaderValue = "true"
    """Value that the request header must have."""


class TrafficSplitter(Settings):
    """Endpoint that divides its requests among several model APIs. The models keep their own endpoints."""

    apis: list[Share] = Field(min_length=1, max_length=16)
    """Model APIs that share the requests. The weights must add up to 100; a change moves requests at once and
    triggers no rollout.
    """

    shadow: Shadow | None = None
    """Model API that receives copies of requests. Unset: no copies are sent."""

    canary: Canary | None = None
    """Header with which testers reach one of the model APIs. Unset: only the weights decide."""

    networking: Networking = Networking()
    """Endpoint of the splitter, access control and limits. The models' own limits and keys apply only at
    their own endpoints.
    """

    @model_validator(mode="after")
    def _sums_up(self) -> "TrafficSplitter":
        total = sum(share.weight for share in self.apis)
        if total != 100:
            raise PydanticCustomError(
                "weights", "the weights sum to {total}, not 100", {"total": total, "at": "apis"}
            )
        return self

    @model_validator(mode="after")
    def _each_once(self) -> "TrafficSplitter":
        names = [share.name for share in self.apis]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise PydanticCustomError(
                    "twice", "{name} stands there twice", {"name": name, "at": f"apis.{index}.name"}
                )
        if self.shadow and self.shadow.name in names:
            raise PydanticCustomError(
                "twice",
                "{name} is one of `apis`, and would answer its own copies",
                {"name": self.shadow.name, "at": "shadow.name"},
            )
        return self

    def named(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield the name of every model API, with its place in the settings."""
        for index, share in enumerate(self.apis):
            yield ("apis", index, "name"), share.name
        if self.shadow:
            yield ("shadow", "name"), self.shadow.name
        if self.canary:
            yield ("canary", "name"), self.canary.name

    def endpoint(self, name: str) -> str:
        """Return the gateway path of the splitter `name`."""
        return self.networking.endpoint or f"/{name}"


TrafficSplitters = dict[DnsLabel, TrafficSplitter]
