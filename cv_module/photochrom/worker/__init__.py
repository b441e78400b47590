"""The core behind a pipe: ``python -m photochrom.worker`` colorizes pixels for a program with another Python.

What asks is the client, for instance photochrom's plug-in for GIMP. It writes to the worker's standard input and reads
from its standard output. A message is one line of JSON, in UTF-8 and ended by a newline; where it has ``"bytes": N``,
exactly N raw bytes follow. Nothing else is written there once the worker has introduced itself: what libraries print
goes to standard error.

Version 1 of the protocol. The first message comes from the worker, after an empty line which ends whatever an import
may have printed::

    {"hello": "photochrom", "protocol": 1, "version": "0.1.0", "models": [{"name": …, "version": …, "task": …}, …]}

The client asks, with all of these keys and no others::

    {"id": 7, "do": "colorize", "width": 600, "height": 400, "channels": 3, "depth": "u8", "model": "colorize",
     "device": "auto", "strength": 1.0, "saturation": 1.0, "fade_uncertain": 0.0, "confidence": false, "bytes": 720000}

- ``id`` is a whole number that the answers carry; the client counts.
- ``channels`` are 1 (grey), 3 (RGB) or 4 (RGBA), ``depth`` is u8, u16 or float (32 bits), both in the machine's byte
  order; rows go from the top and have no padding; the colours are coded as sRGB's.
- ``model`` is a name or a path as for `photochrom.Colorizer`; so are ``device`` and the three adjustments.
- Floating-point colours outside [0, 1] are cut off there, not-a-number counts as black, and the answer's note says so.

The worker says at once, and then every half second until it is done, how far it is::

    {"id": 7, "progress": 0.1, "step": "colorize"}

(``step`` is load or colorize), and at last one of the two::

    {"id": 7, "result": {"channels": 3, "device": "cpu", "note": "", "seconds": {"load": …, "colorize": …},
     "confidence_bytes": 0}, "bytes": 720000}
    {"id": 7, "error": "one plain sentence", "kind": "image"}

- The result's bytes are those of the picture in colour: RGB, or RGBA with the alpha that came; of the same depth. With
  ``"confidence": true`` ``confidence_bytes`` more follow, included in ``bytes``: one for each pixel, 255 for certainty.
- ``device`` is what the network ran on; ``note`` says what went otherwise than asked for, or nothing.
- ``kind`` is image, model, device, cancelled or internal.

Requests that come meanwhile wait for their turn. ``{"id": 7, "do": "cancel"}`` ends one with an error of the kind
cancelled, when its turn comes or the step that it is in is done; it does nothing to one that is answered.

A line that is no message is answered with an error whose id is null, and ends the worker, because nobody knows where
the next message begins. The end of standard input ends it at once, in the middle of a computation too.
"""
