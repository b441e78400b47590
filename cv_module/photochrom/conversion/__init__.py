"""Photographs from files to files: what is asked for, planned, done and told."""
