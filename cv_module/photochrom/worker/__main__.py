"""``python -m photochrom.worker``: see the package for what it says and understands."""

import signal

from photochrom.worker.channel import claim_standard_streams
from photochrom.worker.session import Session

signal.signal(signal.SIGINT, signal.SIG_IGN)  # in a terminal Ctrl-C is for the client, with which the worker ends
Session(*claim_standard_streams()).run()
