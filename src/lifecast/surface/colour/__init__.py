"""Colours of a surface: the photograph's own, and what is guessed where it shows nothing."""
