"""Common forms of credentials, which a text must not hold if it is stored or shown in plain text."""

import base64
import binascii
import re
from collections.abc import Iterator

# Tokens with their issuer's prefix, as the issuers document them for secret scanning.
_TOKENS = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",  # AWS
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}",
    r"gl(?:pat|ptt|rt|dt|oas|ft|soat|cbt|agent|imt)-[A-Za-z0-9_.-]{20,}",  # GitLab
    r"ATATT[A-Za-z0-9_=-]{20,}|ATBB[A-Za-z0-9]{20,}",  # Atlassian, Bitbucket
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}",  # Slack
    r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+",
    r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_-]+",
    r"https://[\w.-]+\.webhook\.office\.com/[A-Za-z0-9/@_-]+",
    r"AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}",  # Google
    r"1//0[A-Za-z0-9_-]{30,}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}",  # Stripe
    r"sk-(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{15,}",  # OpenAI, Anthropic, OpenRouter
    r"hf_[A-Za-z0-9]{20,}|api_org_[A-Za-z0-9]{20,}",  # Hugging Face
    r"gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|nvapi-[A-Za-z0-9_-]{20,}|r8_[A-Za-z0-9]{20,}",
    r"npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|rubygems_[a-f0-9]{40,}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|key-[a-f0-9]{32}",  # SendGrid, Mailgun
    r"hv[sbr]\.[A-Za-z0-9_-]{20,}|pul-[a-f0-9]{40}|dapi[a-f0-9]{32}",  # Vault, Pulumi, Databricks
    r"dop_v1_[a-f0-9]{64}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|sq0[a-z]{3}-[A-Za-z0-9_-]{20,}",
    r"gl(?:sa|c)_[A-Za-z0-9_+/=]{20,}|NRAK-[A-Z0-9]{27}|sntr[yu]s_[A-Za-z0-9_+/=-]{20,}|lin_api_[A-Za-z0-9]{30,}",
    r"tskey-[a-z]+-[A-Za-z0-9-]{16,}|AGE-SECRET-KEY-1[A-Z0-9]{20,}",
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*",  # a JSON Web Token
)
_TOKEN = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(_TOKENS)})")
# Up to its end, or up to the cut if it was truncated.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----(?:.*?-----END (?P=kind)-----|.*)", re.DOTALL
)
# `$(NAME)` in place of a password is a variable that Kubernetes expands: it comes from a Secret.
_REFERENCE = r"\$[({][\w.-]+[)}]"
_PASSWORD_IN_URL = re.compile(
    rf"(?<=://)(?P<user>[^\s/:@\"'<>]*):(?!{_REFERENCE}@)(?P<password>[^\s/\"'<>]+)@(?=[^\s/@]|$)"
)
# Some expect the token as the user: Sentry, Git over HTTPS.
_TOKEN_AS_USER = re.compile(r"(?<=://)(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{20,}(?=@)")
_ORACLE = re.compile(
    rf"(?<=jdbc:oracle:thin:)(?P<user>[^\s/:@]+)/(?!{_REFERENCE}@)(?P<password>[^\s@/]+)(?=@)"
)
# Names of credentials. `token` counts only by itself or after these words, since models have an `eos_token`.
_SAID = (
    r"(?:[\w.-]*[_.-])?(?:[A-Za-z]*passwo?r?d|passwd|pwd|passphrase|secret|(?:secret|private|api|access|account"
    r"|signing|encryption|shared|master)[_-]?(?:access[_-]?)?key|shared[_-]?access[_-]?signature|credentials?)"
    r"|(?:[\w.-]*[_.-])?(?:access|api|auth|bearer|bot|hf|hub|id|oauth|personal|refresh|security|session|gh|github"
    r"|gitlab|slack|vault)[_-]?token|token|(?:x-(?:amz|goog)-)?signature|sig|accountkey|sharedaccesskey"
)
# Except names of files and of variables.
_VALUE = (
    rf"(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'"
    rf"|(?!\[secret\]|{_REFERENCE}|\.{{0,2}}/|~/|file:)(?P<plain>[^\s;&\"']+))"
)
# `Password=…;` of a connection string, `?token=…` of a URL, `--password …` of a command, a key of JSON.
_ASSIGNED = (
    re.compile(rf"(?<![\w.-])(?:{_SAID})={_VALUE}", re.IGNORECASE),
    re.compile(rf"(?<![\w-])--?(?:{_SAID})(?:=|\s+){_VALUE}", re.IGNORECASE),
    re.compile(rf"\"(?:{_SAID})\"\s*:\s*(?=\"){_VALUE}", re.IGNORECASE),
)
_AUTHORIZATION = re.compile(
    rf"(?:authorization[\"']?\s*[:=]\s*[\"']?(?:[A-Za-z-]+\s+)?|\bbearer\s+(?=\S*\d))"
    rf"(?!\[secret\]|{_REFERENCE})(?P<value>[A-Za-z0-9._~+/=-]{{8,}})",
    re.IGNORECASE,
)
_BASIC = re.compile(r"\bbasic\s+(?P<value>[A-Za-z0-9+/_-]{6,}={0,2})", re.IGNORECASE)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{16,}={0,2}(?![A-Za-z0-9+/=_-])")


def places(text: str) -> Iterator[tuple[int, int]]:
    """Yield the slices of a text that are credentials: only the secret parts."""
    for pattern in (_TOKEN, _PRIVATE_KEY, _TOKEN_AS_USER):
        yield from (found.span() for found in pattern.finditer(text))
    for found in _PASSWORD_IN_URL.finditer(text):
        yield found.start("user"), found.end("password")
    for found in _ORACLE.finditer(text):
        yield found.span("password")
    for found in (found for pattern in _ASSIGNED for found in pattern.finditer(text)):
        yield next(found.span(name) for name in ("double", "single", "plain") if found[name])
    for found in _AUTHORIZATION.finditer(text):
        yield found.span("value")
    for found in _BASIC.finditer(text):
        if ":" in (decoded(found["value"]) or ""):
            yield found.span("value")
    yield from _encoded(text)


def _encoded(text: str) -> Iterator[tuple[int, int]]:
    """Yield the slices that are one of these forms in base64."""
    for found in _BASE64.finditer(text):
        plain = decoded(found[0])
        if plain is not None and not _BASE64.fullmatch(plain) and any(True for _ in places(plain)):
            yield found.span()


def decoded(text: str) -> str | None:
    """Return the text that is encoded in base64, or None if it is not base64."""
    whole = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(whole + "=" * (-len(whole) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def holds_a_credential(text: str) -> bool:
    """Return True if a text holds a credential by its form, such as a password in a URL."""
    return any(True for _ in places(text))


def without_credentials(text: str, mask: str) -> str:
    """Return a text with a mask in place of each credential."""
    for start, stop in reversed(_joined(sorted(places(text)))):
        text = text[:start] + mask + text[stop:]
    return text


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join spans that overlap."""
    found: list[tuple[int, int]] = []
    for start, stop in spans:
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found
