"""What photographs hold beside a person, and what cameras make of it, drawn into training pictures.

Steps that put something before the person or cut the person off take pixels from the mask, never from the person's
shape: normals and depths stay those of the person.
"""
