"""Cloth that hangs, folds and slides: extended position-based dynamics in Warp kernels.

`fabrics` says what cloth is made of, `mesh` turns garments into constraints, `tethers` into coarse ones that carry
weight over long ways, `kernels` are the constraints themselves, and `solver` steps them through time.
"""
