"""PyTorch and TensorFlow, for real: `make test-frameworks`.

Apart from the other tests, since what they install is gigabytes.
"""
