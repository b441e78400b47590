"""Pixels as light: which arrays are photographs, their lightness and chroma, their colour spaces."""
