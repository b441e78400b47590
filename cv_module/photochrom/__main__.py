"""``python -m photochrom``: the same as the command ``photochrom``."""

import sys

from photochrom.command.cli import main

sys.exit(main())
