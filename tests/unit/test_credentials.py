"""The common forms of credentials: refused in `env`, shown in no report."""

import base64
import json
from pathlib import Path

import pytest

from axon.redact import MASK, masked, scrubbed
from migrations.from_cortex.environment import environment
from migrations.from_cortex.report import Fields
from stacks.settings.credentials import holds_a_credential, without_credentials
from tests.unit.test_pod_settings_errors import said

A, N = "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cD1fG", "0123456789abcdef0123456789abcdef"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nabc\n-----END RSA PRIVATE KEY-----"


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# A text, and the part of it that nobody may see.
HELD = [
    ("postgres://u:p@h", "u:p"),
    ("postgresql+psycopg2://axon:hunter2@db:5432/models?sslmode=require", "hunter2"),
    ("mysql://root:p@ss@db/models", "p@ss"),
    ("redis://:hunter2@cache:6379/0", "hunter2"),
    ("mongodb+srv://u:hunter2@a.mongodb.net,b.mongodb.net/x", "hunter2"),
    ("amqps://u:hunter2@mq/vhost", "hunter2"),
    (f"https://{A}@o12.ingest.sentry.io/34", A),
    (f"https://oauth2:{A}@gitlab.com/me/models.git", A),
    ("jdbc:oracle:thin:scott/tiger1@db:1521/x", "tiger1"),
    ("jdbc:postgresql://db/models?user=u&password=hunter2", "hunter2"),
    ("Server=db;User Id=sa;Password=hunter2;Encrypt=true", "hunter2"),
    ("Driver={ODBC};Uid=sa;Pwd=hunter2", "hunter2"),
    ("host=db user=u password='hun ter2' dbname=x", "hun ter2"),
    ('host=db password="hun ter2"', "hun ter2"),
    (f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={coded(A)};", coded(A)),
    ("https://a.blob.core.windows.net/m?sv=2022&sig=abcDEF123%3D", "abcDEF123"),
    ("https://s3/iris?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=0a1b2c", "0a1b2c"),
    ("--api-key hunter2 --port 8080", "hunter2"),
    ("serve --password=hunter2", "hunter2"),
    ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    ('{"password": "hunter2", "n": 1}', "hunter2"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    *(
        (f"{start}{A}{A}", A)
        for start in ("ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "hf_", "npm_", "gsk_")
    ),
    *(
        (f"{start}{N}", N)
        for start in ("sk_live_", "rk_test_", "sk-", "sk-proj-", "sk-ant-api03-", "key-", "dapi")
    ),
    (f"xoxb-123456789012-{A}", A),
    (f"xoxp-1-2-3-{N}", N),
    (f"https://hooks.slack.com/services/T000/B000/{A}", A),
    (f"AIza{A}abc", A),
    (f"ya29.{A}", A),
    (f"GOCSPX-{A}", A),
    (f"SG.{A}.{A}", A),
    (f"hvs.{A}", A),
    (f"pul-{N}01234567", N),
    (f"dckr_pat_{A}", A),
    (f"pypi-AgEIcHlwaS5vcmc{A}", A),
    (JWT, JWT),
    (f"Authorization: Bearer {JWT}", JWT),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("curl -H 'authorization: Token hunter2hunter2'", "hunter2hunter2"),
    ("Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    (KEY, "MIIEowIBAAKCAQEA7"),
    (KEY[:50], "MIIEow"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz", "b3BlbnNz"),
    ("-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n", "MIIE"),
    (json.dumps({"type": "service_account", "private_key": KEY}), "MIIEowIBAAKCAQEA7"),
    (coded("postgres://u:hunter2@db/models"), coded("postgres://u:hunter2@db/models")),
    (coded(KEY), coded(KEY)),
    (coded(f"token=ghp_{A}{A}").rstrip("="), coded(f"token=ghp_{A}{A}").rstrip("=")),
]
HARMLESS = [
    *(
        "",
        "iris",
        "0.5",
        "true",
        "s3://models/iris/",
        "https://models.example/v1?version=3",
        "gs://a/b:1@2/c",
    ),
    *("localhost:5000/axon/iris:14a958f56e6dc485", f"registry.example:443/iris@sha256:{N}{N}"),
    *(
        "docker://registry:5000/iris@sha256:abc",
        "http://[::1]:8080/x",
        "user@example.com",
        "git@github.com:a/b.git",
    ),
    *("--eos-token 2 --max-tokens 64", '{"eos_token": "</s>", "max_tokens": 64}', "pad_token=0", "sk-learn"),
    *("sk-learn-model-of-the-day", "basic authentication", "bearer of good news", "key=value;token_count=3"),
    *("postgres://u:$(DB_PASSWORD)@h/x", "postgres://db/models", "--password-file /run/secrets/p", "hf_hub"),
    *("--private-key /run/keys/tls.key", "arn:aws:iam::111122223333:role/axon", "sha256:" + N + N, N),
    *(
        coded("just a sentence of nothing in particular"),
        "2026-11-27T05:00:00Z",
        "-----BEGIN CERTIFICATE-----",
    ),
]


@pytest.mark.parametrize(("text", "secret"), HELD, ids=lambda value: value[:24])
@pytest.mark.parametrize("around", ["{}", "cannot reach {}", "[{}]"])
def test_no_report_shows_a_credential(text: str, secret: str, around: str) -> None:
    whole = around.format(text)

    assert holds_a_credential(whole)
    assert secret not in without_credentials(whole, MASK)
    assert secret not in str(masked({"spec": {"args": [whole]}}))
    assert secret not in scrubbed(whole, set())
    assert MASK in scrubbed(whole, set())


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_credential_is_shown_as_it_is(text: str) -> None:
    assert not holds_a_credential(text)
    assert without_credentials(text, MASK) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:p@h", f"postgres://{MASK}@h"),
        ("Password=a;Database=b", f"Password={MASK};Database=b"),
        (f"a {JWT} and ghp_{A} b", f"a {MASK} and {MASK} b"),
    ],
)
def test_what_stands_beside_it_stays(text: str, shown: str) -> None:
    assert without_credentials(text, MASK) == shown


@pytest.mark.parametrize(
    "key",
    [
        *("password", "PGPASSWORD", "SMTP_PASS", "mysql_pwd", "SECRET_KEY", "secretAccessKey", "signing_key"),
        *(
            "AccountKey",
            "connection_string",
            "Authorization",
            ".dockerconfigjson",
            "clientSecret",
            "auth_token",
        ),
    ],
)
def test_a_key_that_says_so_hides_its_value(key: str) -> None:
    assert masked({key: "hunter2"}) == {key: MASK}
    assert masked([{"name": key, "value": "hunter2"}]) == [{"name": key, "value": MASK}]
    assert masked([{"key": key, "value": "hunter2"}]) == [{"key": key, "value": MASK}]


@pytest.mark.parametrize(
    "key", ["bypass", "compass", "secret_name", "topologyKey", "max_tokens", "keyArn", "auth"]
)
def test_a_key_that_does_not_say_so_hides_nothing(key: str) -> None:
    assert masked({key: "zone"}) == {key: "zone"}


@pytest.mark.parametrize("key", ["command", "args"])
@pytest.mark.parametrize(
    "words", [["--password", "hunter2"], ["--url=postgres://u:p@h"], ["sh", "-c", f"x {JWT}"]]
)
def test_a_container_that_is_started_with_a_credential_is_refused(
    stack_file: Path, key: str, words: list[str]
) -> None:
    found = said(stack_file, {"predictor": {"image": "registry.example/iris:1", key: words}})

    assert found == [
        f"models.iris.predictor.{key}: holds a credential, which would be stored in plain text "
        "(use `secrets`, and `$(NAME)` in its place)"
    ]


def test_a_credential_of_cortexs_file_becomes_a_reference() -> None:
    fields = Fields({"env": {"DATABASE_URL": "postgres://u:hunter2@h", "PORT": 80}}, "", [])

    found = environment(fields, "iris")

    assert found == {
        "env": {"PORT": "80"},
        "secrets": {"DATABASE_URL": {"secret": "iris", "key": "DATABASE_URL"}},
    }


@pytest.mark.parametrize("value", ["postgres://u:p@h", f"sk-{N}", "Server=db;Password=p", JWT, coded(KEY)])
def test_a_variable_that_holds_a_credential_is_refused_and_its_place_named(
    stack_file: Path, value: str
) -> None:
    found = said(stack_file, {"env": {"DATABASE_URL": value}})

    assert found == [
        "models.iris.env.DATABASE_URL: holds a credential, such as a password in a URL, and would be stored "
        "in plain text (use `secrets`, and `$(NAME)` where it is a part of this)"
    ]
    assert value not in found[0]
