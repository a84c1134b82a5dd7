"""The `train.py` of a predictor: when it runs, and what it has made."""
