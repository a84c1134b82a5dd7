"""The smoke test of an AWS account, run whole with stand-ins for the commands `make`, `pulumi` and `aws`."""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.settings import loading
from tests.smoke import life as lives
from tests.smoke.__main__ import run
from tests.smoke.certificate import HOST, imported, until_answered
from tests.smoke.commands import Commands, Failed
from tests.smoke.life import Life
from tests.smoke.stackfile import StackFile
from tests.unit.stand_ins import command

PROJECT = Path(__file__).parents[2]
# Each update leaves a copy of the stack file; the one that is killed goes on until it is.
MAKE = """\
echo "$@" >> {folder}/calls
[ -f {folder}/fail-$1 ] && echo "error: AccessDenied: not authorized: eks:CreateCluster" >&2 && exit 2
[ $1 = up ] || exit 0
cp {folder}/stacks/Pulumi.smoke-dev.yaml {folder}/up-$(ls {folder} | grep -c ^up-).yaml
grep -q SMOKE_KILLED {folder}/stacks/Pulumi.smoke-dev.yaml && [ ! -f {folder}/killed ] || exit 0
touch {folder}/killed
echo " ~  aws:eks/nodeGroup:NodeGroup cpu updating (0s)"
sleep 60
"""
PULUMI = """\
echo pulumi "$@" >> {folder}/calls
[ "$1 $2" = "stack init" ] && echo "encryptedkey: abc" >> {folder}/stacks/Pulumi.smoke-dev.yaml
[ "$1 $2" = "stack output" ] && cat {folder}/endpoints
exit 0
"""
AWS = """\
echo aws "$@" >> {folder}/calls
case $2 in
get-caller-identity) echo '{{"Arn": "arn:aws:sts::111122223333:assumed-role/me/session"}}' ;;
import-certificate) echo '{{"CertificateArn": "arn:aws:acm:eu-west-1:111122223333:certificate/1"}}' ;;
get-resources) cat {folder}/left ;;
describe-instance-type-offerings) cat {folder}/offered ;;
esac
"""


class Answers(http.server.BaseHTTPRequestHandler):
    """A model that answers everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    commands: Path,
    server: http.server.ThreadingHTTPServer,
) -> Path:
    """Return a folder with the stack file of `dev`, and the commands on PATH."""
    (tmp_path / "stacks").mkdir()
    dev = (PROJECT / "stacks/Pulumi.dev.yaml").read_text()
    (tmp_path / "stacks/Pulumi.dev.yaml").write_text(f"secretsprovider: awskms://alias/axon-dev\n{dev}")
    monkeypatch.setattr(loading, "STACKS", tmp_path / "stacks")
    for name, script in (("make", MAKE), ("pulumi", PULUMI), ("aws", AWS)):
        command(commands, name, script.format(folder=tmp_path))
    models = yaml.safe_load(dev)["config"]["axon:models"]
    url = f"http://127.0.0.1:{server.server_port}/"
    (tmp_path / "endpoints").write_text(json.dumps(dict.fromkeys(models, url)))
    offered = [{"InstanceType": name} for name in ("c7i.large", "m6a.large")]
    (tmp_path / "offered").write_text(json.dumps({"InstanceTypeOfferings": offered}))
    (tmp_path / "left").write_text('{"ResourceTagMappingList": []}')
    return tmp_path


def life(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    monkeypatch.setattr(lives, "until_answered", lambda *_: None)
    logs = folder / "logs"
    return Life(StackFile(folder / "stacks", "dev"), Commands(folder, logs), logs)


def updates(folder: Path) -> list[dict[str, Any]]:
    """Return the cluster's settings at each update."""
    files = sorted(folder.glob("up-*.yaml"), key=lambda file: int(file.stem.removeprefix("up-")))
    return [yaml.safe_load(file.read_text())["config"]["axon:cluster"] for file in files]


def test_a_whole_life_passes_and_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "stacks/Pulumi.dev.yaml").read_text()

    assert run(life(folder, monkeypatch)) == 0

    assert "10 of 10 steps passed" in capsys.readouterr().out
    made = updates(folder)
    assert {cluster["name"] for cluster in made} == {"axon-smoke-dev"}
    assert [cluster["network"]["zone_count"] for cluster in made[:4]] == [2, 2, 3, 2]
    assert ["tls" in cluster["load_balancer"] for cluster in made].count(True) == 1
    types = [cluster["node_groups"]["cpu-spot"]["instance_types"] for cluster in made]
    assert types[0] != types[-1] == ["m6a.large"]
    calls = (folder / "calls").read_text().splitlines()
    assert {cluster["access"]["smoke"]["principal_arn"] for cluster in made} == {
        "arn:aws:iam::111122223333:role/me"
    }
    assert calls[1] == "pulumi stack init smoke-dev --secrets-provider awskms://alias/axon-dev"
    assert calls.index("patch STACK=smoke-dev") < calls.index("down CONFIRM=smoke-dev STACK=smoke-dev")
    killed = calls.index("pulumi cancel --yes --stack smoke-dev --non-interactive")
    assert "--clear-pending-creates" in calls[killed + 1]
    assert calls[killed + 2] == "up STACK=smoke-dev"
    assert any(call.startswith("aws acm delete-certificate") for call in calls)
    assert (folder / "stacks/Pulumi.dev.yaml").read_text() == before
    assert not (folder / "stacks/Pulumi.smoke-dev.yaml").exists()


def test_a_copy_of_prod_is_a_stack_that_can_be_removed(folder: Path) -> None:
    prod = (PROJECT / "stacks/Pulumi.prod.yaml").read_text()
    (folder / "stacks/Pulumi.prod.yaml").write_text(prod)

    cluster = StackFile(folder / "stacks", "prod").write()

    assert cluster.name == "axon-smoke-prod"
    assert not cluster.protected
    assert cluster.model_store.delete_with_contents
    assert cluster.load_balancer.tls is None
    assert cluster.load_balancer.dns is None


def test_a_step_that_fails_says_what_aws_said_and_the_rest_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "fail-patch").touch()

    assert run(life(folder, monkeypatch)) == 1

    said = capsys.readouterr().out
    assert "FAIL  nodes and add-ons are patched" in said
    assert "AccessDenied: not authorized: eks:CreateCluster" in said
    assert str(folder / "logs" / "patch.log") in said
    assert "9 of 10 steps passed" in said


def test_a_first_update_that_fails_is_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "fail-up").touch()

    assert run(life(folder, monkeypatch)) == 1

    said = capsys.readouterr().out
    assert said.count("not run: ") == 7
    assert "pass  the removal leaves nothing" in said


def test_what_is_left_on_the_account_fails_the_removal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"ResourceARN": f"arn:aws:{one}"} for one in ("kms:eu-west-1:1:key/1", "ec2:eu-west-1:1:vpc/vpc-1")
    ]
    (folder / "left").write_text(json.dumps({"ResourceTagMappingList": rows}))

    assert run(life(folder, monkeypatch)) == 1

    assert "these are left, by their tag: arn:aws:ec2:eu-west-1:1:vpc/vpc-1" in capsys.readouterr().out


def test_the_certificate_is_one_that_clients_can_check(
    folder: Path, server: http.server.ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = folder / "kept.pem"
    (folder / "bin/aws").write_text(
        '#!/bin/sh\ncase "$*" in *import*)\n'
        f'cp "$(echo "$*" | sed "s/.*--private-key fileb:..//")" {kept} ;;\nesac\n'
        """echo '{"CertificateArn": "arn"}'\n"""
    )
    with imported(Commands(folder, folder / "logs"), "eu-west-1", folder / "logs") as (arn, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, kept)
        server.socket = context.wrap_socket(server.socket, server_side=True)

        assert arn == "arn"
        assert HOST.endswith(".invalid")
        until_answered(f"https://127.0.0.1:{server.server_port}/", certificate)


def test_no_answer_over_tls_says_why(folder: Path, server: http.server.ThreadingHTTPServer) -> None:
    with imported(Commands(folder, folder / "logs"), "eu-west-1", folder / "logs") as (_, certificate):
        url = f"https://127.0.0.1:{server.server_port}/"
        with pytest.raises(Failed, match=r"was not answered over TLS within 0\.5 s, but with: .*SSL"):
            until_answered(url, certificate, 0.5)
