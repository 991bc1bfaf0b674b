"""From the occupancy field to files: where to ask it, triangles, colour, export, previews."""
