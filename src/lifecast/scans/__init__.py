"""Scans and made people to training data: reading, normalising, lighting, rendering, labelling, storing, loading."""
