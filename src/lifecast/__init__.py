"""lifecast: one photograph of a person in, a detailed, coloured 3D model of that person out."""

__version__ = "0.1.0"
