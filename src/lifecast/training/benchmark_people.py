"""What the benchmark keeps for itself (docs/benchmark.md): seeds and garments of people that nothing is trained on."""

from __future__ import annotations

FROZEN_SEEDS = {7001: "the old test people", 8101: "the validation people", 9203: "the test people"}
"""Seeds of the benchmark's people, which nothing is trained on."""
TEST_GARMENTS = (
    "polo shirt", "turtle neck", "cropped trousers", "cargo trousers", "half-circle skirt", "midi flared dress",
    "shirt dress", "overshirt", "parka", "loose scarf",
)  # fmt: skip
"""Sewn garments that the test people wear, and nobody else."""
