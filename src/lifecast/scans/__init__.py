"""Scans and made people to training data.

Reading, normalising, lighting, rendering, labelling, storing, loading.
"""
