"""Objects that an admission webhook has to let in, right after what serves it has started."""

import asyncio

import pulumi

_TRIES = 20
_SECONDS = 2


async def _try_again(args: pulumi.ErrorHookArgs) -> bool:
    latest = args.errors[0] if args.errors else ""
    if "failed calling webhook" not in latest or len(args.errors) > _TRIES:
        return False
    await asyncio.sleep(_SECONDS)
    return True


def once_the_webhook_answers() -> pulumi.ResourceHookBinding:
    """Return a binding that repeats an operation while its webhook is not reachable yet.

    A pod that is ready becomes reachable by its Service a moment later, when the nodes have learnt of it;
    the API server asks the webhook before that, and Pulumi would give up.
    """
    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("once-the-webhook-answers", _try_again)])
