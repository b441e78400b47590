"""Photochrom's filters inside GIMP: the standard library and GIMP's own bindings, nothing else.

All arithmetic on pixels happens in the worker, another process in the interpreter that photochrom is installed in.
"""
