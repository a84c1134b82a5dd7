"""Retries of operations that the API server rejects temporarily, until earlier changes have propagated."""

import asyncio

import pulumi

_TRIES = 20
_SECONDS = 2


def once_the_webhook_answers() -> pulumi.ResourceHookBinding:
    """Return a binding that retries an operation while its webhook is not yet reachable.

    A ready pod becomes reachable through its Service a moment later, after the nodes are updated; the API
    server calls the webhook before that, and Pulumi would fail.
    """
    return _repeated("once-the-webhook-answers", "failed calling webhook")


def once_the_claim_is_known() -> pulumi.ResourceHookBinding:
    """Return a binding that retries an operation on a route while its claim is not yet known.

    The API server reads a Namespace's annotations from a cache, which a watch updates some milliseconds after
    a write (components/platform/endpoint_policies.py). A missing claim is reported after a few attempts.
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
