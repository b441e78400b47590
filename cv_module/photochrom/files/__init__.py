"""Image files: pixels and all that stands beside them, in and out."""
