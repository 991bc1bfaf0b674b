"""Fitting the parametric body to one person in a photograph."""
