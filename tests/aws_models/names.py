"""Names that providers and AWS make up."""

import hashlib
import itertools
import time
from typing import Any

_COUNTER = itertools.count(1)


def terraform_name(prefix: str) -> str:
    """Return a name of a prefix as Terraform's providers make it: 18 digits of the clock, 8 hexadecimal.

    Source: `PrefixedUniqueId` in hashicorp/terraform-plugin-sdk, helper/id/id.go. The last digits count what
    the process has made, client tokens too: here they begin where each number has a letter in it.
    """
    clock = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    return f"{prefix}{clock}0000{0xA00000 + next(_COUNTER):08x}"


def pulumi_name(name: str) -> str:
    """Return a name as Pulumi makes it of a resource's: with seven hexadecimal digits."""
    return f"{name}-{hashlib.sha256(str(next(_COUNTER)).encode()).hexdigest()[:7]}"


def name_zones_as_route_53() -> None:
    """Let ids of hosted zones on moto begin with Z, as those of Route 53 do."""
    from moto.utilities.id_generator import moto_id_manager

    numbers = itertools.count(1)

    def source(context: Any) -> str | None:
        kind = context["resource_identifier"].resource
        return f"Z{next(numbers):020}" if kind == "hosted_zone" else None

    moto_id_manager.add_id_source(source)
