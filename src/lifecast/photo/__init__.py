"""A photograph in: decoding, finding the person, the mask, and the square framing."""
