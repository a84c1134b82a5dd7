"""Operations that the API server refuses for a moment alone, until it has learnt of what came before them."""

import asyncio

import pulumi

_TRIES = 20
_SECONDS = 2


def once_the_webhook_answers() -> pulumi.ResourceHookBinding:
    """Return a binding that repeats an operation while its webhook is not reachable yet.

    A pod that is ready becomes reachable by its Service a moment later, when the nodes have learnt of it;
    the API server asks the webhook before that, and Pulumi would give up.
    """
    return _repeated("once-the-webhook-answers", "failed calling webhook")


def once_the_claim_is_known() -> pulumi.ResourceHookBinding:
    """Return a binding that repeats an operation on a route while its claim is not known.

    The API server reads a Namespace's annotations from a copy, which a watch brings up to date some
    milliseconds after they were written (components/platform/endpoint_policies.py). A claim that is missing
    for good is said after a few tries.
    """
    return _repeated("once-the-claim-is-known", "policy 'axon-routes'", tries=5)


def _repeated(name: str, error: str, tries: int = _TRIES) -> pulumi.ResourceHookBinding:
    async def again(args: pulumi.ErrorHookArgs) -> bool:
        latest = args.errors[0] if args.errors else ""
        if error.lower() not in latest.lower() or len(args.errors) > tries:
            return False
        await asyncio.sleep(_SECONDS)
        return True

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(name, again)])
