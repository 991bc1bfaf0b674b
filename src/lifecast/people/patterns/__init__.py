"""Sewn garments: pattern pieces cut to a body's measures, sewn together and placed around it, ready to be draped.

`measures` takes a body's heights, girths and outlines; `panel` fills a flat piece with triangles; `sewing` joins
pieces; `placement` wraps them around the body. The blocks (`upper`, `sleeves`, `collars`, `lower`, `skirts`) draft
pieces; `kinds` lists the garments that people wear.
"""
