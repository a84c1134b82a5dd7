"""Names instead of numbers: the iris classifier with a step before and a step after."""

from typing import Any

from axon_runtime import HttpError

NAMES = ["setosa", "versicolor", "virginica"]


class Predictor:
    """Classify a flower by the length of its petals, against limits from the stack file."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.limits: list[float] = config["limits"]

    def pre_predict(self, payload: dict[str, float]) -> float:
        """Take the one measure that is used."""
        try:
            return float(payload["petal_length"])
        except (KeyError, TypeError, ValueError):
            raise HttpError(400, 'the body must be {"petal_length": centimetres}') from None

    def predict(self, payload: float) -> int:
        """Return how many limits it exceeds."""
        return sum(payload > limit for limit in self.limits)

    def post_predict(self, result: int, query_params: dict[str, str]) -> dict[str, Any]:
        """Name the species, or number it where `?numbers=1` asks for that."""
        return {"species": result if query_params.get("numbers") else NAMES[result]}
