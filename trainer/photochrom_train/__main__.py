"""`python -m photochrom_train`, which torchrun needs."""

import sys

from photochrom_train.cli import main

sys.exit(main())
