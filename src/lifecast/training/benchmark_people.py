"""What the benchmark keeps for itself (docs/benchmark.md): seeds and garments of people that nothing is trained on."""

from __future__ import annotations

FROZEN_SEEDS = {7001: "the old test people", 8101: "the validation people", 9203: "the test people"}
"""Seeds of the benchmark's people, which nothing is trained on."""
TEST_GARMENTS = ("braid01", "short03", "male_casualsuit06", "female_casualsuit02", "shoes06")
"""MakeHuman's garments and hair that the test people wear, and nobody else."""
