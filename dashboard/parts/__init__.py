"""The parts of pages: the frame around them, and the elements that several pages use."""
