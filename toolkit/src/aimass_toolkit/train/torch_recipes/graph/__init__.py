"""PyTorch recipes."""
