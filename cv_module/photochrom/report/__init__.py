"""A page that shows photographs before and after."""
