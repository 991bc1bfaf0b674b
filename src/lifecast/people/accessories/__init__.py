"""Hats, glasses and bags, made in code."""
