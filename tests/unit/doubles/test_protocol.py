"""What the engine hears."""

from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from tests.doubles import Account
from tests.doubles.aws import Servicer
from tests.doubles.invokes import answer
from tests.doubles.provider import Provider
from tests.doubles.wire import plain, struct
from tests.unit.doubles.helpers import NODES, NUMBER, POLICY, VPC, wrong


class _Context:
    def abort(self, code: Any, message: str) -> None:
        raise AssertionError(message)


class TestProtocol:
    @pytest.fixture
    def servicer(self, provider: Provider) -> Servicer:
        return Servicer(provider)

    def test_detailed_diff(self, servicer: Servicer) -> None:
        response = servicer.Diff(
            pb.DiffRequest(
                urn=f"urn:pulumi:s::p::{NODES}::cpu",
                id="lab:cpu",
                old_inputs=struct({"version": "1.34", "amiType": "a"}),
                news=struct({"version": "1.35", "amiType": "b", "labels": {}}),
            ),
            _Context(),
        )
        kinds = {path: pb.PropertyDiff.Kind.Name(diff.kind) for path, diff in response.detailedDiff.items()}
        assert kinds == {"version": "UPDATE", "amiType": "UPDATE_REPLACE", "labels": "ADD"}
        assert list(response.replaces) == ["amiType"]

    def test_invokes(self, servicer: Servicer, account: Account) -> None:
        def invoke(token: str, **arguments: Any) -> dict[str, Any]:
            request = pb.InvokeRequest(tok=token, args=struct(arguments))
            return plain(getattr(servicer.Invoke(request, _Context()), "return"))

        assert invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
        assert account.record() == []  # the provider knows that by itself
        assert invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == NUMBER
        assert (
            invoke("aws:ec2/getInstanceType:getInstanceType", instanceType="m7i.large")["defaultVcpus"] == 2
        )
        assert [call.op for call in account.record()] == ["invoke", "invoke"]
        with pytest.raises(AssertionError, match="versions are pinned"):
            invoke("aws:eks/getAddonVersion:getAddonVersion", addonName="coredns")
        with pytest.raises(AssertionError, match="does not answer"):
            invoke("aws:ec2/getAmi:getAmi")

    def test_policy_document(self, provider: Provider) -> None:
        with provider.store.reading() as world:
            row = {"actions": ["s3:Get*"], "resources": ["*"]}
            token = "aws:iam/getPolicyDocument:getPolicyDocument"
            made = answer(token, {"statements": [row]}, world, provider.place)
        assert wrong(provider, POLICY, role="a", policy=made["json"]) == {}

    def test_read_of_what_is_gone(self, servicer: Servicer) -> None:
        urn = f"urn:pulumi:s::p::{VPC}::vpc"
        assert servicer.Read(pb.ReadRequest(urn=urn, id="vpc-0"), _Context()).id == ""

    def test_wrappers_are_removed(self) -> None:
        secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "a"}
        given = struct_pb2.Struct()
        given.update({"policy": secret, "port": 443})
        assert plain(given) == {"policy": "a", "port": 443}
