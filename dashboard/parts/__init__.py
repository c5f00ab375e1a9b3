"""Parts of pages: the frame around them, and elements used by several pages."""
