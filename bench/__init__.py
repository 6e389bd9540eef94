"""Benchmarks: how well Haberci retrieves, quotes and refuses, beside its peers. Run with ``python -m bench``."""
