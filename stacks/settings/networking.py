"""`networking` of a model or a traffic splitter: endpoint, access control and limits."""

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
    """API keys, one of which every request must have."""

    secret_names: Annotated[list[ObjectName], AfterValidator(no_duplicates)] = Field(
        min_length=1, max_length=16
    )
    """Secrets in the models' namespace with the keys. Each entry of a Secret is a client's name with its API
    key as the value.
    """

    header: HeaderName = "x-api-key"
    """Request header that carries the key, in lower case."""

    forward: bool = False
    """Forwarding of the key to replicas. `false`: the gateway removes the header."""


class Jwt(Settings):
    """Signed token that every request must have: `authorization: Bearer …`."""

    issuer: str = Field(min_length=1, max_length=253)
    """Required value of the token's `iss` claim, which names the issuer."""

    audiences: list[str] = Field(min_length=1, max_length=8)
    """Accepted values of the token's `aud` claim, one of which the token must have."""

    jwks_url: HttpUrl | None = None
    """URL of the issuer's key set (JWKS), from which the gateway fetches it over HTTPS. Set exactly one of
    `jwks_url` and `jwks_config_map`.
    """

    jwks_config_map: ObjectName | None = None
    """Name of a ConfigMap in the models' namespace with the key set under `jwks`. Set it if the gateway
    cannot reach the issuer.
    """

    forward: bool = False
    """Forwarding of the token to replicas. `false`: the gateway removes the `authorization` header."""

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
    """Access control at the gateway. If both kinds are set, a request needs both."""

    api_keys: ApiKeys | None = None
    """API keys that you issue to clients. Unset: no key is required."""

    jwt: Jwt | None = None
    """Tokens of an identity provider (JWT). Unset: no token is required."""

    @model_validator(mode="after")
    def _some(self) -> "Auth":
        if self.api_keys is None and self.jwt is None and self is not OPEN:
            raise PydanticCustomError("auth", "needs `api_keys` or `jwt`")
        return self


def _none(value: object) -> object:
    return OPEN if value == "none" else value


OPEN = Auth.model_construct()
"""Value of `auth: none`: every client is admitted, on purpose."""


class Cors(Settings):
    """Cross-origin access from browsers (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

    allow_origins: list[Origin] = Field(min_length=1, max_length=64)
    """Origins of the web pages that may send requests: `https://app.example.com`, `https://*.example.com`, or
    `*`.
    """

    allow_methods: list[Literal["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]] = Field(
        default=["GET", "POST"], min_length=1
    )
    """Methods that the web pages may use."""

    allow_headers: list[HeaderName] = Field(default=["content-type", "authorization", "x-api-key"])
    """Request headers that the web pages may send."""

    expose_headers: list[HeaderName] = Field(default=["x-request-id"])
    """Response headers that the web pages may read."""

    allow_credentials: bool = False
    """Permission for browsers to send cookies and other credentials with the requests."""

    max_age: CorsAge = "1h"
    """Time for which a browser may cache this access decision, up to 24h."""

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
    """Rate limit. Further requests are rejected with 429. Each of the gateway's proxies counts its own
    requests.
    """

    requests: int = Field(ge=1, le=1_000_000)
    """Number of requests allowed per `per`, for each gateway proxy."""

    per: Literal["second", "minute", "hour"] = "second"
    """Unit of time of the limit."""


class Networking(Settings):
    """Endpoint, access control and limits of a model or a traffic splitter."""

    endpoint: Endpoint | None = None
    """Path on the gateway, such as `/iris`. Unset: `/` followed by the name."""

    keep_path: bool = False
    """Forwarding of the whole path to replicas. `false`: the endpoint is removed, so that a replica sees `/`
    and the rest of the path.

    gRPC requires `true`, with the service as the endpoint: `/inference.GRPCInferenceService`.
    """

    hostnames: Annotated[list[Hostname], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=16
    )
    """Host names of the endpoint. Empty: requests to any host name are served."""

    auth: Annotated[
        Auth | None, BeforeValidator(_none, json_schema_input_type=Auth | Literal["none"] | None)
    ] = None
    """Access control at the gateway. Unset, or `none`: every client that reaches the gateway is admitted.

    A traffic splitter in front of a model with `auth` must have `auth` too, or set `none`.
    """

    allow: Annotated[list[Network], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=64
    )
    """Client networks that may send requests, in CIDR notation. Requests from others are rejected with 403.
    Empty: all networks.
    """

    cors: Cors | None = None
    """Cross-origin access from browsers. Unset: pages of other origins have no access."""

    rate_limit: RateLimit | None = None
    """Rate limit over all clients together. Unset: no limit."""

    slow_start: SlowStart = "30s"
    """Time in which a new replica's share of requests grows from a tenth to its full share, 0s to 15m. `0s`:
    the full share at once.
    """

    max_body_size: BufferSize | None = None
    """Largest body that the gateway accepts, below 4Gi. It reads a body whole before a replica receives it,
    and rejects a larger one with 413.

    Unset: bodies are streamed. A replica has a limit too, `server.max_body_size`, which supports WebSockets.
    """

    @property
    def needs_credentials(self) -> bool:
        """True if a request needs a key or a token."""
        return self.auth is not None and self.auth is not OPEN
