"""Benchmarks against peers, side by side; `make bench` runs them."""
