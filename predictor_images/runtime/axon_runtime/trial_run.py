"""Trial run of the sample: the model must process it before its first request, so that failures show at
once.
"""

from axon_runtime.answer import HttpError
from axon_runtime.call import Failed
from axon_runtime.http import Answer
from axon_runtime.saved import LoadError
from axon_runtime.service import Request, Service


async def answer_sample(service: Service, sample: bytes) -> None:
    """Run the sample through a model.

    Raises:
        LoadError: when the model fails, caused by the model's exception.
    """
    scope = {"headers": [(b"content-type", b"application/json")], "query_string": b""}
    try:
        call = service.predict(Request(scope, sample))
        outcome = await service.executor.run(call, len(sample))
        if not isinstance(outcome, Answer | Failed):
            outcome = call.encode(outcome)
    except Exception as error:
        outcome = Failed(error)
    if isinstance(outcome, Failed):
        error = outcome.error
        status = f" ({error.status_code})" if isinstance(error, HttpError) else ""
        raise LoadError(f"sample.json is not answered: {type(error).__name__}: {error}{status}") from error
    if isinstance(outcome, Answer) and outcome.status >= 400:
        raise LoadError(f"sample.json is answered {outcome.status}: {outcome.body[:200]!r}")
