"""Metrics of images that users supply: the port and path that Prometheus scrapes."""

from components.platform.prometheus import PATH, PORT_ASKED, SCRAPED, SCRAPED_AS_SAID
from stacks.settings.model import ImagePredictor, Model


def metrics_port(model: Model) -> int | None:
    """Return the port at which Prometheus scrapes an image; None without metrics."""
    image = model.predictor
    if not isinstance(image, ImagePredictor) or not image.metrics_path:
        return None
    return image.metrics_port or image.port


def metrics_labels(model: Model) -> dict[str, str]:
    """Return the pod labels that make Prometheus scrape a pod."""
    if not isinstance(model.predictor, ImagePredictor):
        return SCRAPED
    return SCRAPED_AS_SAID if metrics_port(model) else {}


def metrics_annotations(model: Model) -> dict[str, str]:
    """Return the annotations with the port and path that Prometheus scrapes."""
    image, number = model.predictor, metrics_port(model)
    if not isinstance(image, ImagePredictor) or number is None:
        return {}
    return {PATH: image.metrics_path or "", PORT_ASKED: str(number)}
