"""Shoes, boots and sandals, made in code around a rest body's feet."""
