"""`networking` of a model or a traffic splitter: where it answers, whom, and how much of them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.units import no_duplicates
from stacks.settings.base import Settings
from stacks.settings.durations import CorsAge, SlowStart
from stacks.settings.networks import Network
from stacks.settings.sources import ObjectName
from stacks.settings.units import BufferSize
from stacks.settings.web import Endpoint, HeaderName, Hostname, HttpUrl, Origin


class ApiKeys(Settings):
    """Requests need a key."""

    secret_names: Annotated[list[ObjectName], AfterValidator(no_duplicates)] = Field(
        min_length=1, max_length=16
    )
    """Secrets of the models' namespace: each key is a client's name, its value the client's API key."""

    header: HeaderName = "x-api-key"
    """The header that carries it."""

    forward: bool = False
    """Hand the key on to replicas. `false`: the gateway takes the header away."""


class Jwt(Settings):
    """Requests need a signed token: `authorization: Bearer …`."""

    issuer: str = Field(min_length=1, max_length=253)
    """Who has to have issued it (its `iss`)."""

    audiences: list[str] = Field(min_length=1, max_length=8)
    """Whom it has to be for: one of these (its `aud`)."""

    jwks_url: HttpUrl | None = None
    """Where the issuer publishes its keys, over HTTPS: the gateway fetches them."""

    jwks_config_map: ObjectName | None = None
    """A ConfigMap of the models' namespace that holds them, as `jwks`, for a gateway that cannot."""

    forward: bool = False
    """Hand the token on to replicas. `false`: the gateway takes `authorization` away."""

    @model_validator(mode="after")
    def _keys(self) -> "Jwt":
        if bool(self.jwks_url) == bool(self.jwks_config_map):
            raise PydanticCustomError("jwt", "needs `jwks_url` or `jwks_config_map`: one of them")
        if self.jwks_url and not self.jwks_url.startswith("https://"):
            raise PydanticCustomError(
                "jwt",
                '"{url}" is not HTTPS: who can change it can make tokens',
                {"url": self.jwks_url, "at": "jwks_url"},
            )
        return self


class Auth(Settings):
    """Whom the gateway lets in. With both kinds, a request needs both."""

    api_keys: ApiKeys | None = None
    """Keys that you hand out."""

    jwt: Jwt | None = None
    """Tokens of an identity provider."""

    @model_validator(mode="after")
    def _some(self) -> "Auth":
        if self.api_keys is None and self.jwt is None and self is not OPEN:
            raise PydanticCustomError("auth", "needs `api_keys` or `jwt`")
        return self


def _none(value: object) -> object:
    return OPEN if value == "none" else value


OPEN = Auth.model_construct()
"""What `auth: none` says: everybody is let in, on purpose."""


class Cors(Settings):
    """Which web pages may ask from a browser (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

    allow_origins: list[Origin] = Field(min_length=1, max_length=64)
    """Where they come from: `https://app.example.com`, `https://*.example.com`, or `*`."""

    allow_methods: list[Literal["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]] = Field(
        default=["GET", "POST"], min_length=1
    )
    """What they may do."""

    allow_headers: list[HeaderName] = Field(default=["content-type", "authorization", "x-api-key"])
    """The headers that they may send."""

    expose_headers: list[HeaderName] = Field(default=["x-request-id"])
    """The headers of an answer that they may read."""

    allow_credentials: bool = False
    """Whether the browser sends cookies."""

    max_age: CorsAge = "1h"
    """How long a browser need not ask again: up to 24h."""

    @model_validator(mode="after")
    def _not_all_with_credentials(self) -> "Cors":
        if self.allow_credentials and "*" in self.allow_origins:
            raise PydanticCustomError(
                "cors",
                "would let any page act as its visitor, so browsers refuse it: name origins",
                {"at": "allow_origins"},
            )
        return self


class RateLimit(Settings):
    """More requests than this are answered 429. Each of the gateway's proxies counts what it sees."""

    requests: int = Field(ge=1, le=1_000_000)
    """How many."""

    per: Literal["second", "minute", "hour"] = "second"
    """In what time."""


class Networking(Settings):
    """Where it answers, whom, and how much of them."""

    endpoint: Endpoint | None = None
    """Path on the gateway. Unset: `/` and its name."""

    keep_path: bool = False
    """Whether replicas see the whole path. `false`: without the endpoint, as `/` and what follows it.

    gRPC needs it, with the service as endpoint: `/inference.GRPCInferenceService`.
    """

    hostnames: Annotated[list[Hostname], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=16
    )
    """Host names that it answers for. Empty: any."""

    auth: Annotated[
        Auth | None, BeforeValidator(_none, json_schema_input_type=Auth | Literal["none"] | None)
    ] = None
    """Whom the gateway lets in. Unset, or `none`: everybody who reaches it.

    A traffic splitter in front of a model with `auth` has `auth` too, or says `none`.
    """

    allow: Annotated[list[Network], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=64
    )
    """Networks that clients may come from. Empty: any. Others are answered 403."""

    cors: Cors | None = None
    """Which web pages may ask from a browser. Unset: none."""

    rate_limit: RateLimit | None = None
    """How many requests it takes, all clients together."""

    slow_start: SlowStart = "30s"
    """How long a new replica's share of the requests grows, from a tenth to all of it; 0s to 15m. 0s: not."""

    max_body_size: BufferSize | None = None
    """Largest body that the gateway lets through, below 4Gi, read whole before a replica sees any; else 413.

    Unset: as it comes. A replica has a limit too, `server.max_body_size`; with that one WebSockets pass.
    """

    @property
    def needs_credentials(self) -> bool:
        """Whether a request needs a key or a token."""
        return self.auth is not None and self.auth is not OPEN
