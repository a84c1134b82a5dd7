"""The server inside every predictor image."""
