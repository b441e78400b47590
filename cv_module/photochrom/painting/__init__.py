"""From a photograph to its coloured copy, in arrays."""
