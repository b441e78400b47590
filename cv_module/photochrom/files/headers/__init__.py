"""Headers by format: each module reads what files of one format say about themselves."""
