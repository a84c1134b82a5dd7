"""Tools found or made, and the machine's own choices that come first."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from axon import session
from axon.found import environment, found_cluster, pulumi_home
from axon.local_cluster import cluster, pki
from axon.machine import LocalSettings
from axon.predict import why_not_asked
from axon.steps import Step, StepFailed, run_logged, run_steps
from axon.toolchain import apt, builds
from stacks.settings import Model
from stacks.settings.project import CODE
from tests.unit.program import exit_code

KEPT = (
    "PULUMI_BACKEND_URL",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalSettings:
    """Settings of a machine where nothing is chosen or made yet."""
    for name in (*KEPT, "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home" / ".pulumi"))
    return LocalSettings(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        cache_dir=tmp_path / "cache",
        state_dir=tmp_path / "state",
    )


def test_an_environment_variable_moves_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXON_LOCAL_DATA_DIR", "/srv/axon")
    monkeypatch.setenv("AXON_LOCAL_REGISTRY_PORT", "5001")

    settings = LocalSettings()

    assert settings.kubeconfig == Path("/srv/axon/kubeconfig/admin.yaml")
    assert settings.registry == "localhost:5001"


def test_a_failed_step_shows_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('the cause'); raise SystemExit(3)"]

    with pytest.raises(StepFailed, match=r"the cause(.|\n)*failed \(3\); its log: .*x.log"):
        run_logged(command, tmp_path / "x.log")


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="no-such-tool: No such file"):
        run_logged(["no-such-tool"], tmp_path / "x.log")


def test_the_plan_comes_before_the_first_step(capsys: pytest.CaptureFixture[str]) -> None:
    run_steps([Step("make a", 60, lambda: print("A")), Step("make b", 30, lambda: None)])

    output = capsys.readouterr().out
    assert output.index("about 1 min 30 s") < output.index("A\n") < output.index("✓ make b")


def test_a_built_tool_is_built_once(settings: LocalSettings) -> None:
    names = ("kube", "coredns")
    assert [step.title for step in builds.missing_builds(settings, names)] == ["build kube", "build coredns"]

    kube = builds.binary(settings, "kube")
    kube.parent.mkdir(parents=True)
    kube.touch()

    assert [step.title for step in builds.missing_builds(settings, names)] == ["build coredns"]


def test_other_pins_are_another_folder(
    settings: LocalSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = builds.binary(settings, "kube")
    for module in ("kubernetes", "pulumi"):
        source = builds.TOOLS / module / "go.mod"
        (tmp_path / "tools" / module).mkdir(parents=True)
        (tmp_path / "tools" / module / "go.mod").write_text(source.read_text() + "\n// changed")
    monkeypatch.setattr(builds, "TOOLS", tmp_path / "tools")

    assert builds.binary(settings, "kube").parent != before.parent


def test_without_a_choice_state_and_passphrase_are_the_local_ones(settings: LocalSettings) -> None:
    chosen = environment(settings, [], local_cluster=True)

    assert chosen["PULUMI_BACKEND_URL"] == f"file://{settings.state_dir}/pulumi"
    assert chosen["PULUMI_CONFIG_PASSPHRASE"] == "local"
    assert chosen["KUBECONFIG"] == str(settings.kubeconfig)


def test_what_is_chosen_already_stays(settings: LocalSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "/run/secrets/passphrase")

    chosen = environment(settings, [], local_cluster=False)

    assert not {"PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "KUBECONFIG"} & chosen.keys()


def test_a_login_to_a_backend_counts_as_a_choice(settings: LocalSettings) -> None:
    credentials = pulumi_home() / "credentials.json"
    credentials.parent.mkdir(parents=True)
    credentials.write_text(json.dumps({"current": "https://api.pulumi.com"}))

    assert "PULUMI_BACKEND_URL" not in environment(settings, [], local_cluster=True)


def test_a_kubeconfig_whose_cluster_is_gone_is_not_a_cluster(
    settings: LocalSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
        "contexts: [{name: x, context: {cluster: x, user: x}}]\nusers: [{name: x, user: {}}]\n"
        "clusters: [{name: x, cluster: {server: 'https://127.0.0.1:1'}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(config))

    assert found_cluster(settings) is None


@pytest.mark.parametrize(("platform", "user"), [("darwin", 0), ("linux", 1000)])
def test_a_machine_that_cannot_run_it_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, platform: str, user: int
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("os.geteuid", lambda: user)

    with pytest.raises(StepFailed, match=r"needs .* point KUBECONFIG at any cluster instead"):
        cluster.check_machine()


def test_without_apt_the_missing_packages_are_named(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)

    step = apt.missing_packages(settings, {"nft": "nftables"})[0]

    with pytest.raises(StepFailed, match="nftables"):
        step.run()


def test_certificates_are_signed_by_their_authority_and_kept(settings: LocalSettings) -> None:
    pki.ensure_keys(settings)
    folder = settings.data_dir / "pki"
    before = (folder / "apiserver.crt").read_bytes()
    pki.ensure_keys(settings)

    assert (folder / "apiserver.crt").read_bytes() == before
    for identity in pki.identities(settings):
        certificate = x509.load_pem_x509_certificate((folder / f"{identity.file}.crt").read_bytes())
        authority = x509.load_pem_x509_certificate((folder / f"{identity.authority}.crt").read_bytes())
        certificate.verify_directly_issued_by(authority)
        assert (folder / f"{identity.file}.key").stat().st_mode & 0o077 == 0


def test_a_new_node_address_is_a_new_server_certificate(settings: LocalSettings) -> None:
    pki.ensure_keys(settings)
    moved = settings.model_copy(update={"node_ip": "172.31.255.9"})
    pki.ensure_keys(moved)

    file = settings.data_dir / "pki" / "apiserver.crt"
    names = x509.load_pem_x509_certificate(file.read_bytes()).extensions
    alternatives = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "172.31.255.9" in {str(a) for a in alternatives.get_values_for_type(x509.IPAddress)}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cluster", "logs", "kublet"], "no log of kublet"),
        (
            ["check", "--stack", "prd"],
            "stacks/Pulumi.prd.yaml: no such stack file (have: dev, frameworks, local, prod)",
        ),
    ],
)
def test_a_wrong_command_is_one_line(tmp_path: Path, words: list[str], message: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "axon", *words],
        cwd=CODE,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "AXON_LOCAL_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert run.stderr.startswith(message)
    assert len(run.stderr.splitlines()) == 1


def test_the_programs_of_axons_environment_are_found_from_anywhere(tmp_path: Path) -> None:
    """As in a shell that has only the path of `.venv/bin/axon`."""
    axon = Path(sys.executable).with_name("axon")
    run = subprocess.run(
        [axon, "env", "--json"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    path = json.loads(run.stdout)["PATH"].split(":")
    assert path[0] == str(axon.parent)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, None),
        ({"paused": True}, "it is paused"),
        ({"networking": {"auth": {"api_keys": {"secret_names": ["a"]}}}}, "it needs a key"),
        ({"networking": {"allow": ["10.0.0.0/8"]}}, "it accepts requests from 10.0.0.0/8 only"),
    ],
)
def test_a_model_that_would_refuse_is_not_asked(settings: dict[str, Any], why: str | None) -> None:
    model = Model.model_validate({"predictor": {"image": "registry.example/iris:1"}, **settings})

    assert why_not_asked(model) == why


@pytest.mark.parametrize(
    ("cluster", "starts"), [("", True), (", context: theirs", False), (", kubeconfig: kc", False)]
)
def test_a_cluster_that_the_stack_file_names_is_used(
    stack_file: Path, monkeypatch: pytest.MonkeyPatch, cluster: str, starts: bool
) -> None:
    named = f"axon:cluster: {{kind: existing{cluster}}}"
    stack_file.write_text(f"config:\n  {named}\n  axon:images: {{registry: localhost:5000/a}}\n")
    started: list[bool] = []
    monkeypatch.setattr(session, "found_cluster", lambda _: None)
    monkeypatch.setattr(session.cluster, "start", lambda _: started.append(True))

    assert exit_code("cluster", "start", "--stack", "test") == 0

    assert bool(started) is starts
