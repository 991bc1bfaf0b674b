"""Named heads: normals and mask, depth, detail, and the pose lifter."""
