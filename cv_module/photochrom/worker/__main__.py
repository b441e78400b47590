"""``python -m photochrom.worker``: see the package for what it says and understands."""

from photochrom.worker.channel import claim_standard_streams
from photochrom.worker.session import Session

Session(*claim_standard_streams()).run()
