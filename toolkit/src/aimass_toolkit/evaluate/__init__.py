"""Measures a trained model on held-out data."""
