"""Verified Models of others that training starts or learns from."""
