"""Wrong places of models: one line each, as for the rest of a stack file."""
# ruff: noqa: E501 (a message is one line here too)

from pathlib import Path

import pytest

from stacks.settings import load_file
from tests.unit.refusals import lines
from tests.unit.test_settings_errors import GOOD

IRIS = "{type: sklearn, path: predictors/iris}"
OWN = ("axon:platform:", "axon:platform:\n    model_buckets: [s3://own-models]")
SUM = "0123456789abcdef" * 4
FORMS = "(s3://bucket/key, gs://bucket/key, https://host/path or file:///path)"

# what stands in the place of the predictor, and what is said of it
WRONG = [
    (
        "{type: onnx, path: predictors/iris, model: s3://models/iris.onnx}",
        ".model: stands beside `path`: give one of them",
    ),
    (
        "{type: sklearn, model: ftp://host/iris.joblib}",
        f'.model: "ftp://host/iris.joblib" is not where a model can be fetched from {FORMS}',
    ),
    (
        "{type: sklearn, model: s3://models}",
        f'.model: "s3://models" is not where a model can be fetched from {FORMS}',
    ),
    (
        "{type: sklearn, model: 's3://models/*'}",
        f'.model: "s3://models/*" is not where a model can be fetched from {FORMS}',
    ),
    (
        "{type: sklearn, model: https://host/folder/}",
        '.model: "https://host/folder/" is a folder, and a web server lists none (name a file)',
    ),
    (
        "{type: sklearn, model: 'https://me:secret@host/iris.joblib'}",
        ".model: a password here would be stored in plain text",
    ),
    (
        "{type: sklearn, model: s3://models/iris.joblib, sha256: abc}",
        '.sha256: "abc" is not a SHA-256 (64 hex digits in lower case, from `sha256sum FILE`)',
    ),
    (
        f'{{type: sklearn, model: s3://models/iris/, sha256: "{SUM}"}}',
        ".sha256: is of one file, and `model` is a folder",
    ),
    (
        f'{{type: sklearn, path: predictors/iris, sha256: "{SUM}"}}',
        ".sha256: is of a `model`, and there is none",
    ),
    (
        "{type: sklearn, path: predictors/iris, cache_claim: models}",
        ".cache_claim: is for a `model`, and nothing is fetched",
    ),
    (
        "{type: sklearn, path: predictors/iris, credentials_secret: keys}",
        ".credentials_secret: is for a `model`, and nothing is fetched",
    ),
    (
        "{type: sklearn, model: s3://models/iris.joblib, cache_claim: My_Claim}",
        '.cache_claim: "My_Claim" is not the name of a Kubernetes object',
    ),
    (
        "{type: sklearn, path: predictors/iris, models: {a: s3://models/a.joblib}}",
        ".models: stands beside `path`: give one of them",
    ),
    ("{type: sklearn, models: {a: {}}}", ".models.a: needs either `path` or `model`"),
    (
        "{type: sklearn, models: {a: ../a}}",
        '.models.a.path: "../a" must be a path inside the project, such as predictors/iris',
    ),
    (
        "{type: sklearn, models: {metrics: a}}",
        ".models.metrics: /metrics is a path of the server's own: choose another name",
    ),
    (
        "{type: sklearn, models: {A: a}}",
        '.models.A: "A" cannot be a name: at most 50 lower-case letters, digits and hyphens, a letter first (try a)',
    ),
    ("{type: sklearn, models: {a: {modle: s3://models/a}}}", ".models.a.modle: unknown key (try model)"),
    ("{type: sklearn, models: {a: a}, cache_size: 0}", ".cache_size: 0 is less than 1, the least allowed"),
    (
        "{type: sklearn, path: predictors/iris, cache_size: 2}",
        ".cache_size: is of `models`, and there are none",
    ),
    (
        "{type: sklearn, models: {a: a}, cache_claim: c}",
        ".cache_claim: is for a `model`, and nothing is fetched",
    ),
    (
        "{type: python, path: predictors/species, models: {a: a}}",
        ".models: unknown key (try model)",
    ),
    ("{type: sklearn, path: predictors/iris, onnx: model.onnx}", '.onnx: "model.onnx" is not true or false'),
    ("{type: python, model: s3://models/iris.joblib}", ".path: is required"),
    ("{type: sklearn, modle: s3://models/iris.joblib}", ".modle: unknown key (try model)"),
]


@pytest.mark.parametrize(("predictor", "message"), WRONG, ids=[w[0] for w in WRONG])
def test_a_wrong_place_of_a_model_is_one_line(stack_file: Path, predictor: str, message: str) -> None:
    found = lines(stack_file, GOOD.replace(IRIS, predictor))

    assert found == [f"stacks/Pulumi.test.yaml:11: axon:models.iris-classifier.predictor{message}"]


@pytest.mark.parametrize(
    "predictor",
    [
        f'{{type: sklearn, model: s3://my.models/a b/iris.joblib, sha256: "{SUM}"}}',
        "{type: onnx, model: 'https://host:8443/m.onnx?X-Amz-Signature=a%2Fb'}",
        f'{{type: onnx, model: http://minio.models/m.onnx, sha256: "{SUM}"}}',
        "{type: onnx, model: gs://models/digits/}",
        "{type: sklearn, model: file:///mnt/models/iris.joblib}",
        f'{{type: sklearn, model: s3://models/iris.joblib, sha256: "{SUM}", cache_claim: models.v1}}',
        "{type: python, path: predictors/species, model: s3://own-models/tree/, credentials_secret: keys}",
        "{type: sklearn, model: s3://own-models/iris.joblib}",
        "{type: tensorflow, model: s3://models/digits/}",
        f'{{type: onnx, models: {{a: {{model: s3://models/a, sha256: "{SUM}"}}, b: predictors/b}}, cache_size: 1}}',
    ],
)
def test_a_model_from_anywhere_is_right_on_any_cluster(stack_file: Path, predictor: str) -> None:
    stack_file.write_text(GOOD.replace(IRIS, predictor).replace(*OWN))

    assert load_file("test").models["iris-classifier"].fetched


UNCHECKED = "can run code as it is loaded"
KEEP = "keep it in a bucket of the stack's own (`model_store`, `axon:platform.model_buckets`)"


@pytest.mark.parametrize(
    ("predictor", "message"),
    [
        (
            "{type: onnx, model: http://minio.models/m.onnx}",
            ".model: http:// is read by anyone, and changed: give its `sha256` (or https://)",
        ),
        (
            "{type: onnx, models: {a: http://minio.models/m.onnx}}",
            ".models.a: http:// is read by anyone, and changed: give its `sha256` (or https://)",
        ),
        *(
            (
                f"{{type: {kind}, model: {url}/m}}",
                f".model: a file of this kind {UNCHECKED}: give its `sha256`, or {KEEP}",
            )
            for kind in ("sklearn", "pytorch", "python, path: predictors/species")
            for url in (
                "s3://models",
                "gs://models",
                "https://models.example",
                "s3://own-models-2",
                "s3://own",
            )
        ),
        (
            "{type: sklearn, models: {a: s3://models/m, b: s3://own-models/m}}",
            f".models.a: a file of this kind {UNCHECKED}: give its `sha256`, or {KEEP}",
        ),
        (
            "{type: python, path: predictors/species, model: s3://models/tree/}",
            f".model: a folder of this kind {UNCHECKED}, and has no `sha256`: {KEEP}",
        ),
    ],
)
def test_a_model_that_others_may_change_needs_a_checksum(
    stack_file: Path, predictor: str, message: str
) -> None:
    found = lines(stack_file, GOOD.replace(IRIS, predictor).replace(*OWN))

    assert found == [f"stacks/Pulumi.test.yaml:12: axon:models.iris-classifier.predictor{message}"]


@pytest.mark.parametrize(
    "bucket", ["models", "s3://models/", "s3://Models", "https://models", "s3://m*", "s3://m/a"]
)
def test_a_bucket_of_ones_own_is_a_bucket(stack_file: Path, bucket: str) -> None:
    found = lines(
        stack_file, GOOD.replace("axon:platform:", f"axon:platform:\n    model_buckets: ['{bucket}']")
    )

    assert found == [
        f'stacks/Pulumi.test.yaml:7: axon:platform.model_buckets.0: "{bucket}" is not a bucket such as s3://models (no slash last)'
    ]
