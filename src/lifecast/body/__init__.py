"""The parametric body: every shape, face and pose that a made person can have, out of one small file."""
