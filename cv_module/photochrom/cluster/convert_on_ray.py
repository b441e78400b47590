"""The same conversion as `photochrom.convert`, done by the machines of a Ray cluster.

This machine plans, hands out photographs by name and takes note; on each machine of the cluster one process converts as
many at once as the machine has cores, within a memory limit of its own. The photographs, the folder of the outputs and
a network of the user's own must lie where all machines see them under the same path.

A photograph whose process or machine dies is given to another one: what is complete of its outputs is taken for done,
as after a kill of the whole conversion, and the rest is made again.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from photochrom.conversion.convert import Conversion
from photochrom.conversion.converter import DEFAULTS
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.result import ConvertReport, Progress
from photochrom.errors import JobError
from photochrom.networks.contract import read_contract
from photochrom.networks.model_store import find


def convert_on_ray(
    paths: str | Path | Iterable[str | Path],
    out: str | Path,
    options: ConvertOptions = DEFAULTS,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    *,
    address: str = "auto",
) -> ConvertReport:
    """Colorize photographs from files to files on a Ray cluster that runs already.

    Machines that have cores for Ray when the conversion begins take part; where other work holds their cores, as soon
    as it ends. Each needs this version of photochrom and the same network.

    Args:
        paths: as for `photochrom.convert`.
        out: as for `photochrom.convert`.
        options: as for `photochrom.convert`; ``workers`` and ``memory`` count for each machine.
        on_progress: as for `photochrom.convert`.
        cancelled: as for `photochrom.convert`; what was handed out is finished, a few photographs for each machine.
        address: of the cluster, as ``host:port``; ``auto``: the one that this machine belongs to. A program that is
            connected to a cluster already stays with that one.

    Returns:
        What became of every photograph, in the order of the inputs.

    Raises:
        JobError: the conversion as a whole cannot be done, or Ray is not installed, or there is no such cluster, or a
            machine of it cannot take part; nothing was written. Or all machines were lost; what is done is kept.
        ModelError: the network cannot be used.
        DeviceError: the device or engine is not to be had on one of the machines.
    """
    try:
        from photochrom.cluster.run import run_on_ray
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise JobError("Ray is not installed; install it with: pip install 'photochrom[ray]'") from None
    conversion = Conversion(paths, out, options, on_progress)
    contract = read_contract(find(options.model))
    equipments = run_on_ray(conversion, options, contract.sha256, cancelled or (lambda: False), address)
    return conversion.report(
        model=f"{contract.name} {contract.version}",
        device=_joined({each.device for each in equipments}) or options.device,
        engine=_joined({each.engine for each in equipments}) or options.engine,
    )


def _joined(names: set[str]) -> str:
    return " and ".join(sorted(names))
