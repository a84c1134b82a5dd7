"""Cost as text: a table for a terminal, one line for a report."""

from decimal import ROUND_HALF_UP, Decimal

from axon.cost.costs import Cost, Line

NOT_COUNTED = "Not counted: traffic, load balancer capacity units, logs, S3, ECR, burst credits, tax."


def dollars(amount: Decimal | None) -> str:
    """Return an amount in whole dollars, or the words for a missing price."""
    if amount is None:
        return "no price"
    if 0 < amount < 1:
        return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP)}"
    return f"${amount.quantize(Decimal(1), ROUND_HALF_UP):,}"


def between(low: Decimal | None, high: Decimal | None) -> str:
    """Return a range, or one amount if both are the same."""
    return dollars(low) if dollars(low) == dollars(high) else f"{dollars(low)} to {dollars(high)}"


def lacking(cost: Cost) -> str:
    """Return a sentence about missing prices; empty if none is missing."""
    return (
        f"No price of {', '.join(cost.missing)} in {cost.region}: it is not in the sums."
        if cost.missing
        else ""
    )


def table(cost: Cost, stack: str) -> str:
    """Return the table of `axon cost`."""
    rows = [*_rows(cost.fixed), *_rows(cost.nodes)]
    rows.append(("sum", dollars(cost.low), dollars(cost.high), ""))
    shares = list(_rows(cost.models))
    widths = [max(len(row[column]) for row in (*rows, *shares)) for column in range(3)]
    lines = [f"{stack}: US dollars a month, list prices of {cost.region}, {cost.dates}", ""]
    lines += [_aligned(("", "fewest", "most", ""), widths), *(_aligned(row, widths) for row in rows)]
    if shares:
        lines += ["", "of it, what the models ask for:", *(_aligned(row, widths) for row in shares)]
    notes = [lacking(cost), NOT_COUNTED]
    return "\n".join([*lines, "", *(note for note in notes if note)]) + "\n"


def _rows(lines: tuple[Line, ...]) -> list[tuple[str, str, str, str]]:
    return [(line.name, dollars(line.low), dollars(line.high), line.note) for line in lines]


def _aligned(row: tuple[str, str, str, str], widths: list[int]) -> str:
    name, low, high, note = row
    return f"{name:<{widths[0]}}  {low:>{widths[1]}}  {high:>{widths[2]}}  {note}".rstrip()
