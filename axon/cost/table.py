"""A cost as text: a table for a terminal, one line for a report."""

from decimal import ROUND_HALF_UP, Decimal

from axon.cost.costs import Cost, Line

_COLUMNS = ("", "minimum", "maximum", "")
NOT_INCLUDED = "Not included: traffic, load balancer capacity units, logs, S3, ECR, burst credits, tax."


def dollars(amount: Decimal | None) -> str:
    """Return an amount rounded to dollars, or `no price`."""
    if amount is None:
        return "no price"
    if 0 < amount < 1:
        return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP)}"
    return f"${amount.quantize(Decimal(1), ROUND_HALF_UP):,}"


def between(low: Decimal | None, high: Decimal | None) -> str:
    """Return a range, or one amount if both ends are the same."""
    return dollars(low) if dollars(low) == dollars(high) else f"{dollars(low)} to {dollars(high)}"


def missing_prices(cost: Cost) -> str:
    """Return a note about the items without a price; empty if there are none."""
    return (
        f"No price for {', '.join(cost.missing)} in {cost.region}: not included in the totals."
        if cost.missing
        else ""
    )


def table(cost: Cost, stack: str) -> str:
    """Return the table that `axon cost` prints."""
    rows = [*_rows(cost.fixed), *_rows(cost.nodes)]
    rows.append(("total", dollars(cost.low), dollars(cost.high), ""))
    shares = list(_rows(cost.models))
    widths = [max(len(row[column]) for row in (_COLUMNS, *rows, *shares)) for column in range(3)]
    lines = [f"{stack}: US dollars per month, list prices for {cost.region}, {cost.dates}", ""]
    lines += [_aligned(_COLUMNS, widths), *(_aligned(row, widths) for row in rows)]
    if shares:
        lines += ["", "of which requested by models:", *(_aligned(row, widths) for row in shares)]
    notes = [missing_prices(cost), NOT_INCLUDED]
    return "\n".join([*lines, "", *(note for note in notes if note)]) + "\n"


def _rows(lines: tuple[Line, ...]) -> list[tuple[str, str, str, str]]:
    return [(line.name, dollars(line.low), dollars(line.high), line.note) for line in lines]


def _aligned(row: tuple[str, str, str, str], widths: list[int]) -> str:
    name, low, high, note = row
    return f"{name:<{widths[0]}}  {low:>{widths[1]}}  {high:>{widths[2]}}  {note}".rstrip()
