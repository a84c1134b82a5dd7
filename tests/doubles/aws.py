"""A double of the AWS provider for the real engine: its plugin's protocol, before a fake account.

It says how the engine and the program get on with each other, and with what this double knows of AWS. It says
nothing of permissions, quotas, prices or times.
"""

import functools
import json
import os
from collections.abc import Callable
from concurrent import futures
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from tests.doubles.account import RefusedError, Store, UnfinishedError, pause
from tests.doubles.invokes import LOCAL, answer
from tests.doubles.provider import Change, Diff, Provider
from tests.doubles.wire import name_of, plain, struct, token_of

_KINDS = {
    ("added", False): pb.PropertyDiff.ADD,
    ("added", True): pb.PropertyDiff.ADD_REPLACE,
    ("removed", False): pb.PropertyDiff.DELETE,
    ("removed", True): pb.PropertyDiff.DELETE_REPLACE,
    ("changed", False): pb.PropertyDiff.UPDATE,
    ("changed", True): pb.PropertyDiff.UPDATE_REPLACE,
}


def _refusing(method: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a refusal as the protocol does."""

    @functools.wraps(method)
    def answered(self: "Servicer", request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except RefusedError as error:
            return context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except UnfinishedError as error:
            context.set_trailing_metadata((("grpc-status-details-bin", _details(error)),))
            return context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return answered


def _details(error: UnfinishedError) -> bytes:
    """Return how a provider says that a resource exists, and was not created to its end."""
    failed = pb.ErrorResourceInitFailed(
        id=error.id, properties=struct(error.made), inputs=struct(error.inputs), reasons=[str(error)]
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(failed)
    return status.SerializeToString()


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The protocol's methods; the work is the provider's."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def Handshake(self, request: Any, context: Any) -> Any:
        return pb.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=version("pulumi-aws"))

    def GetSchema(self, request: Any, context: Any) -> Any:
        return pb.GetSchemaResponse(schema=json.dumps({"name": "aws", "version": version("pulumi-aws")}))

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        same = plain(request.old_inputs or request.olds) == plain(request.news)
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE if same else pb.DiffResponse.DIFF_SOME)

    @_refusing
    def Configure(self, request: Any, context: Any) -> Any:
        self.provider.configure(plain(request.args))
        return pb.ConfigureResponse(supportsPreview=True)

    @_refusing
    def Check(self, request: Any, context: Any) -> Any:
        token, name = token_of(request.urn), name_of(request.urn)
        old, new = plain(request.olds), plain(request.news)
        seed = request.randomSeed.hex() or request.urn
        inputs, wrong = self.provider.check(token, name, old, new, seed)
        failed: Any = [pb.CheckFailure(property=path, reason=reason) for path, reason in wrong]
        return pb.CheckResponse(inputs=struct(inputs), failures=failed)

    def Diff(self, request: Any, context: Any) -> Any:
        # the engine has put back what is ignored
        old, new = plain(request.old_inputs), plain(request.news)
        return _diff_response(self.provider.diff(token_of(request.urn), request.id, old, new))

    @_refusing
    def Create(self, request: Any, context: Any) -> Any:
        token, inputs = token_of(request.urn), plain(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=struct(self.provider.preview_create(token, inputs)))
        id_, made = self.provider.create(token, request.urn, name_of(request.urn), inputs)
        return pb.CreateResponse(id=id_, properties=struct(made))

    @_refusing
    def Update(self, request: Any, context: Any) -> Any:
        token, new = token_of(request.urn), plain(request.news)
        old, old_inputs = plain(request.olds), plain(request.old_inputs)
        if request.preview:
            made = self.provider.preview_update(token, old, old_inputs, new)
        else:
            made = self.provider.update(token, name_of(request.urn), request.id, old_inputs, new)
        return pb.UpdateResponse(properties=struct(made))

    @_refusing
    def Delete(self, request: Any, context: Any) -> Any:
        self.provider.delete(token_of(request.urn), name_of(request.urn), request.id)
        return empty_pb2.Empty()

    @_refusing
    def Read(self, request: Any, context: Any) -> Any:
        found = self.provider.read(token_of(request.urn), name_of(request.urn), request.id)
        if found is None:
            return pb.ReadResponse()  # no id: it is gone
        given = plain(request.inputs)
        inputs = {key: value for key, value in found.inputs.items() if not given or key in given}
        return pb.ReadResponse(id=found.id, properties=struct(found.outputs), inputs=struct(inputs))

    @_refusing
    def Invoke(self, request: Any, context: Any) -> Any:
        store, arguments = self.provider.store, plain(request.args)
        if request.tok in LOCAL:
            with store.reading() as world:
                made = answer(request.tok, arguments, world, self.provider.place)
        else:
            with store.recorded("invoke", request.tok, ""), store.reading() as world:
                made = answer(request.tok, arguments, world, self.provider.place)
                pause()
        response: dict[str, Any] = {"return": struct(made)}  # a word of Python's
        return pb.InvokeResponse(**response)

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


def _diff_response(diff: Diff) -> Any:
    changes = diff.changes
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if changes else pb.DiffResponse.DIFF_NONE,
        diffs=sorted({path.split(".")[0].split("[")[0] for path in changes}),
        replaces=diff.replaces,
        deleteBeforeReplace=diff.delete_first,
        hasDetailedDiff=True,
        detailedDiff={path: _property_diff(change) for path, change in changes.items()},
    )


def _property_diff(change: Change) -> Any:
    return pb.PropertyDiff(kind=_KINDS[(change.how, change.replaces)], inputDiff=True)


def main() -> None:
    """Serve the protocol on a port of its own, and say which."""
    store = Store(Path(os.environ["AXON_DOUBLE_FOLDER"]))
    account = os.environ.get("AXON_DOUBLE_ACCOUNT", "111122223333")
    provider = Provider(store, account, os.environ.get("AXON_DOUBLE_MOTO", ""))
    # as many as the engine may ask at once
    server = grpc.server(
        futures.ThreadPoolExecutor(64), options=[("grpc.max_receive_message_length", 1 << 28)]
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(provider), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
