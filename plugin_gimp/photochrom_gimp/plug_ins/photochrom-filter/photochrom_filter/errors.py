"""What ends a filter without a result, apart from the worker's own `WorkerError`."""


class RefusalError(Exception):
    """What was asked for is not possible; the message says what is, and what to do."""


class GimpError(Exception):
    """GIMP did not do what it was asked to; the message says what."""
