#!/usr/bin/env python3
"""Photochrom's filters for GIMP 3; GIMP starts this file, everything else lies in the package beside it."""

import sys

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")

from gi.repository import Gimp  # noqa: E402 (the versions come first)

from photochrom_filter.plug_in import PhotochromFilter  # noqa: E402

Gimp.main(PhotochromFilter.__gtype__, sys.argv)
