"""Measuring reconstructions against the truth: metrics, protocols, the run over a benchmark, and its
report.
"""
