"""Makes clothed people: body, pose, garments, hair, materials.

`lifecast synthesize` writes them. All of it works in metres, y up, the person facing +z, so that the person's left is
+x (glTF's axes).
"""
