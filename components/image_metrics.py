"""Metrics of images of the user's own: where Prometheus asks for them."""

from components.platform.prometheus import PATH, PORT_ASKED, SCRAPED, SCRAPED_AS_SAID
from stacks.settings.model import ImagePredictor, Model


def metrics_port(model: Model) -> int | None:
    """Return the port that Prometheus asks an image at; None where it does not."""
    image = model.predictor
    if not isinstance(image, ImagePredictor) or not image.metrics_path:
        return None
    return image.metrics_port or image.port


def metrics_labels(model: Model) -> dict[str, str]:
    """Return what makes Prometheus ask a pod."""
    if not isinstance(model.predictor, ImagePredictor):
        return SCRAPED
    return SCRAPED_AS_SAID if metrics_port(model) else {}


def metrics_annotations(model: Model) -> dict[str, str]:
    """Return where it asks an image."""
    image, number = model.predictor, metrics_port(model)
    if not isinstance(image, ImagePredictor) or number is None:
        return {}
    return {PATH: image.metrics_path or "", PORT_ASKED: str(number)}
