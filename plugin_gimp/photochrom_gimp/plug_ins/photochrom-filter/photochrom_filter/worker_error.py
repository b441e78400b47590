"""What goes wrong with a worker, whoever finds it out."""


class WorkerError(Exception):
    """The worker cannot do what was asked, or is gone; ``str(error)`` is one plain sentence for people."""


class WorkerCancelledError(WorkerError):
    """What was asked for was cancelled with `WorkerClient.cancel`; the worker can be asked again."""
