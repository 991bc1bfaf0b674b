"""A photograph in: decoding, finding the person, the mask, and the square framing that the networks were trained on."""
