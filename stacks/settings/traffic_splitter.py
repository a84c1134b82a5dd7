"""`axon:traffic_splitters`: an endpoint whose requests several model APIs share."""

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
    """The model API."""

    weight: int = Field(ge=0, le=100)
    """Its share in per cent (name: Cortex's). 0: only as a canary's, ready to be given more."""


class Shadow(Settings):
    """A model API that is sent copies. Its answers are thrown away, and nobody waits for them."""

    name: DnsLabel
    """The model API."""

    percent: int = Field(default=100, ge=1, le=100)
    """Of how many requests."""


class Canary(Settings):
    """A header by which testers reach one model API, whatever the weights."""

    name: DnsLabel
    """The model API."""

    header: HeaderName = "x-canary"
    """The header."""

    value: HeaderValue = "true"
    """What it has to say."""


class TrafficSplitter(Settings):
    """An endpoint whose requests several model APIs share. Their own endpoints stay."""

    apis: list[Share] = Field(min_length=1, max_length=16)
    """Who shares. Weights sum to 100; a change of them moves requests at once and rolls nothing."""

    shadow: Shadow | None = None
    """Who is sent copies."""

    canary: Canary | None = None
    """How testers reach one of them."""

    networking: Networking = Networking()
    """Where it answers, and whom: the models' own limits and keys hold at their own endpoints alone."""

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
        """Yield every model API, and where it is named."""
        for index, share in enumerate(self.apis):
            yield ("apis", index, "name"), share.name
        if self.shadow:
            yield ("shadow", "name"), self.shadow.name
        if self.canary:
            yield ("canary", "name"), self.canary.name

    def endpoint(self, name: str) -> str:
        """Return the path on the gateway of the splitter called `name`."""
        return self.networking.endpoint or f"/{name}"


TrafficSplitters = dict[DnsLabel, TrafficSplitter]
