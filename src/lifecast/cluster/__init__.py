"""The same work on many machines: items from anywhere, one Ray actor a worker, a manifest of what became of each.

`manifest` remembers, `inputs` lists, `pool` runs. The verbs `reconstruct`, `prepare` and `synthesize` use these
with `--cluster ADDRESS|local`.
"""
