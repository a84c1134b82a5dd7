"""A wrong stack file: one line an error, with its place, what is wrong, and what would be right."""

from pathlib import Path

import pytest

from stacks.settings import SettingsError, load_file
from tests.unit.refusals import lines

GOOD = """\
config:
  axon:cluster:
    kind: existing
  axon:images:
    registry: localhost:5000/axon
  axon:platform:
    gateway:
      port: 80
  axon:models:
    iris-classifier:
      predictor: {type: sklearn, path: predictors/iris}
      compute:
        cpu: 200m
        mem: 256Mi
      autoscaling:
        min_replicas: 1
        max_replicas: 3
      update_strategy:
        max_surge: 25%
        timeout: 5m
      networking:
        endpoint: /iris
    digits:
      predictor: {type: sklearn, path: predictors/digits}
"""

# what is replaced, by what, the line it stands on, and the rest of the message
WRONG = [
    (
        "cpu: 200m",
        'cpu: "200mm"',
        13,
        'models.iris-classifier.compute.cpu: "200mm" is not a Kubernetes quantity (try 200m)',
    ),
    (
        "cpu: 200m",
        "cpu: 5m",
        13,
        'models.iris-classifier.compute.cpu: "5m" is less than 20m, the least that a predictor starts with',
    ),
    (
        "mem: 256Mi",
        "mem: 256MB",
        14,
        'models.iris-classifier.compute.mem: "256MB" is not a Kubernetes quantity (try 256M)',
    ),
    (
        "mem: 256Mi",
        "mem: 256m",
        14,
        'models.iris-classifier.compute.mem: "256m" is less than 20Mi of memory (try 256Mi)',
    ),
    (
        "mem: 256Mi",
        "mem: 256Mi\n      server: {max_body_size: 10}",
        15,
        'models.iris-classifier.server.max_body_size: "10" is less than 1Ki (try 10Mi)',
    ),
    ("mem: 256Mi", "memory: 256Mi", 14, "models.iris-classifier.compute.memory: unknown key (try mem)"),
    ("      compute:", "      computer:", 12, "models.iris-classifier.computer: unknown key (try compute)"),
    ("  axon:models:", "  axon:modles:", 9, "modles: unknown key (try models)"),
    (
        "min_replicas: 1",
        "min_replicas: 9",
        15,
        "models.iris-classifier.autoscaling: min_replicas is 9, more than max_replicas, 3",
    ),
    (
        "min_replicas: 1",
        "init_replicas: 9",
        16,
        "models.iris-classifier.autoscaling.init_replicas: 9 is not between min_replicas, 1, and max_replicas, 3",
    ),
    (
        "min_replicas: 1",
        "min_replicas: -1",
        16,
        "models.iris-classifier.autoscaling.min_replicas: -1 is less than 0, the least allowed",
    ),
    (
        "max_replicas: 3",
        'max_replicas: "3"',
        17,
        'models.iris-classifier.autoscaling.max_replicas: "3" is not a whole number',
    ),
    (
        "max_replicas: 3",
        "max_replica: 3",
        17,
        "models.iris-classifier.autoscaling.max_replica: unknown key (try max_replicas)",
    ),
    (
        "max_surge: 25%",
        "max_surge: 250%",
        19,
        'models.iris-classifier.update_strategy.max_surge: "250%" is more than 100%',
    ),
    (
        "max_surge: 25%",
        "max_surge: 0",
        18,
        "models.iris-classifier.update_strategy: max_surge and max_unavailable are both 0, so no replica could be replaced",
    ),
    (
        "timeout: 5m",
        "timeout: 5 minutes",
        20,
        'models.iris-classifier.update_strategy.timeout: "5 minutes" is not a duration (try 5m)',
    ),
    (
        "endpoint: /iris",
        "endpoint: iris",
        22,
        'models.iris-classifier.networking.endpoint: "iris" is not a path such as /iris-classifier (try /iris)',
    ),
    (
        "endpoint: /iris",
        "endpoint: /digits",
        23,
        'models.digits.networking.endpoint: "/digits" is the endpoint of iris-classifier already',
    ),
    (
        "    iris-classifier:",
        "    Iris_Classifier:",
        10,
        'models.Iris_Classifier: "Iris_Classifier" cannot be a name: at most 50 lower-case letters, digits and hyphens, a letter first (try iris-classifier)',
    ),
    (
        "type: sklearn, path: predictors/iris",
        "type: sklern, path: predictors/iris",
        11,
        'models.iris-classifier.predictor: type "sklern" is not known (try sklearn)',
    ),
    (
        "type: sklearn, path: predictors/iris",
        "path: predictors/iris",
        11,
        "models.iris-classifier.predictor: needs `type` (sklearn, onnx, pytorch, tensorflow, python) with `path`, or `image`",
    ),
    (
        "type: sklearn, path: predictors/iris",
        "type: sklearn",
        11,
        "models.iris-classifier.predictor: needs `path`, a folder of the project, or `model`, a URL, or several `models`",
    ),
    (
        "path: predictors/iris",
        "path: ../iris",
        11,
        'models.iris-classifier.predictor.path: "../iris" must be a path inside the project, such as predictors/iris',
    ),
    (
        "{type: sklearn, path: predictors/iris}",
        "{image: my/iris}",
        11,
        'models.iris-classifier.predictor.image: "my/iris" is not an image with a tag or digest (try my/iris:1.0)',
    ),
    (
        "      compute:",
        "      server: {max_batchsize: 8}\n      compute:",
        12,
        "models.iris-classifier.server.max_batchsize: unknown key (try max_batch_size)",
    ),
    (
        "type: sklearn, path: predictors/iris",
        "type: onx, path: predictors/iris",
        11,
        'models.iris-classifier.predictor: type "onx" is not known (try onnx)',
    ),
    ("kind: existing", "kind: exists", 3, 'cluster.kind: "exists" is not known (try existing)'),
    ("port: 80", "port: 80000", 8, "platform.gateway.port: 80000 is more than 65535, the most allowed"),
    (
        "registry: localhost:5000/axon",
        "registry: https://r.example/axon",
        5,
        'images.registry: "https://r.example/axon" is not a registry such as localhost:5000/axon (no scheme, no slash last)',
    ),
    (
        "cpu: 200m",
        "cpu: {secure: v1:x}",
        13,
        "models.iris-classifier.compute.cpu: a secret inside the settings would be stored in plain text",
    ),
    ("        mem: 256Mi", "        cpu: 1", 14, "models.iris-classifier.compute.cpu: this key stands twice"),
]


def test_the_file_that_the_wrong_ones_are_made_of_is_right(stack_file: Path) -> None:
    stack_file.write_text(GOOD)

    assert load_file("test").models["iris-classifier"].compute.mem == "256Mi"


@pytest.mark.parametrize(("old", "new", "line", "message"), WRONG, ids=[w[1] for w in WRONG])
def test_a_wrong_edit_is_one_line(stack_file: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD

    assert lines(stack_file, GOOD.replace(old, new, 1)) == [f"stacks/Pulumi.test.yaml:{line}: axon:{message}"]


def test_all_errors_come_at_once_in_the_order_of_the_file(stack_file: Path) -> None:
    text = GOOD.replace("kind: existing", "kind: k3s").replace("cpu: 200m", "cpu: lots")
    text = text.replace("endpoint: /iris", "endpoint: /digits")

    found = lines(stack_file, text)

    assert [line.split(":")[1] for line in found] == ["3", "13", "23"]


def test_a_key_that_is_missing_stands_in_its_parent(stack_file: Path) -> None:
    text = GOOD.replace("  axon:images:\n    registry: localhost:5000/axon\n", "")

    assert lines(stack_file, text) == [
        "stacks/Pulumi.test.yaml:1: axon:images.registry: is required, unless the cluster is of `kind: eks`"
    ]


def test_a_file_that_is_not_yaml_says_where(stack_file: Path) -> None:
    found = lines(stack_file, GOOD.replace("cpu: 200m", "cpu: [200m"))

    assert len(found) == 1
    assert found[0].startswith("stacks/Pulumi.test.yaml:14: not YAML")


def test_an_unknown_stack_names_those_that_are_there(stack_file: Path) -> None:
    stack_file.write_text(GOOD)

    with pytest.raises(SettingsError, match=r"Pulumi.prd.yaml: no such stack file \(have: test\)"):
        load_file("prd")
