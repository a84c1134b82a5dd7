"""Train a small convolutional network on scikit-learn's images of digits and save it as `model.keras`."""

from pathlib import Path

# pyright: reportMissingImports=false, reportMissingModuleSource=false
import tensorflow as tf
from sklearn.datasets import load_digits

HERE = Path(__file__).parent


def train() -> None:
    """Write the model: 8 rows of 8 grey values (0 to 16) in, a score for each digit out."""
    tf.keras.utils.set_random_seed(0)
    images, digits = load_digits(return_X_y=True)
    layers = tf.keras.layers
    network = tf.keras.Sequential(
        [
            layers.Input((8, 8)),
            layers.Rescaling(1 / 16),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    network.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit(images.reshape(-1, 8, 8), digits, epochs=15, verbose=0)
    network.save(HERE / "model.keras")


if __name__ == "__main__":
    train()
