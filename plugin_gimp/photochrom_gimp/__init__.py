"""Photochrom in GIMP 3: the plug-in, and the command ``photochrom gimp`` that installs it.

What lies in ``plug_ins`` is copied into GIMP's folder and runs in GIMP's own Python; nothing of it is imported here.
"""
