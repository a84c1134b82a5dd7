"""Training: the `train.py` of a predictor and the files that it wrote."""
