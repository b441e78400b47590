"""Network files: their contracts, what is safe in them, and what runs them."""
