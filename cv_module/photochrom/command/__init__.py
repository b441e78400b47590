"""The command photochrom."""
