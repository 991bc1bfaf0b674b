"""Files and pictures of a finished model: glTF, OBJ, PLY, STL, texture, viewer, previews."""
