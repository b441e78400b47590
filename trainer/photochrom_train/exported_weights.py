"""The weights of an exported network, back in one that can be trained.

An exported file has every BatchNorm folded into the convolution before it. Here each is parted from it again, with the
statistics of some photographs, so that the network gives what the file gives and trains like one that was never folded.
For that, filters get a length of one, and the BatchNorms make up for it: a folded filter may be so short that steps at
a usual learning rate overrun it.
"""

from functools import partial
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from photochrom_train.colorize_network import ColorizeNetwork
from photochrom_train.config import ConfigError

_PREFIX, _HALF = "network.", ".float16"
_SETTLED_BY_EXPORT = ("temperature", "gain")


class ExportedWeights:
    """What `photochrom_train.export` wrote, to begin a run with.

    Args:
        file: the .onnx file.

    Raises:
        ConfigError: there is no such file, or it is none of the trainer's.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            graph = onnx.load(str(file)).graph
        except FileNotFoundError:
            raise ConfigError(f"start is {file}, which is no file; name an exported network, or leave it out") from None
        except (DecodeError, IsADirectoryError) as error:
            raise ConfigError(f"start is {file}, which is no ONNX file ({error}); name an exported network") from error
        tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self._weights = {
            name.removeprefix(_PREFIX).removesuffix(_HALF): torch.from_numpy(value.astype(np.float32))
            for name, value in tensors.items()
            if name.startswith(_PREFIX) and name.removeprefix(_PREFIX) not in _SETTLED_BY_EXPORT
        }
        colours = self._weights["head.bias"].numel() if "head.bias" in self._weights else 0
        constants = [numpy_helper.to_array(node.attribute[0].t) for node in graph.node if node.op_type == "Constant"]
        powers = [value for value in constants if value.shape == (colours, 3)]
        if len(powers) != 1:
            raise ConfigError(f"start is {file}, which photochrom-train did not export; name a network that it did")
        self.palette: NDArray[np.float32] = powers[0][:, :2].astype(np.float32)
        """(Q, 2) a* and b* of the colours that it can choose."""

    @torch.no_grad()
    def fill(self, network: ColorizeNetwork, lightness: Tensor) -> None:
        """Put the weights into a network, in place; buffers that an export settles stay as they are.

        Args:
            network: with the file's palette.
            lightness: (N, 1, H, W) L* of photographs, for the statistics of the BatchNorms.

        Raises:
            ConfigError: the network's architecture is not the file's.
        """
        norms = _norms(network)
        state = network.state_dict()
        of_norms = {id(parameter) for norm in norms.values() for parameter in norm.parameters()}
        wanted = {name: own.shape for name, own in network.named_parameters() if id(own) not in of_norms}
        wanted |= {f"{convolution}.bias": norm.bias.shape for convolution, norm in norms.items()}
        if {name: value.shape for name, value in self._weights.items()} != wanted:
            raise ConfigError(
                f"start is {self._file}, whose layers are not those of [architecture]; give the one that it was "
                "trained with"
            )
        network.load_state_dict(state | {name: value for name, value in self._weights.items() if name in state})
        handles = [
            norm.register_forward_pre_hook(
                partial(_part, bias=self._weights[f"{name}.bias"], length=_to_unit_length(network.get_submodule(name)))
            )
            for name, norm in norms.items()
        ]
        training = network.training
        network.eval()
        network.features(lightness)
        network.train(training)
        for handle in handles:
            handle.remove()


def _norms(network: nn.Module) -> dict[str, nn.BatchNorm2d]:
    """Every BatchNorm by the name of the convolution that an export folds it into."""
    norms = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Sequential):
            for index, norm in enumerate(module):
                if isinstance(norm, nn.BatchNorm2d):
                    norms[f"{name}.{index - 1}"] = norm
    return norms


def _to_unit_length(convolution: nn.Module) -> Tensor:
    """Bring every filter to a length of one; (C,) the lengths that they had, one for those that are all zero."""
    weight = convolution.get_parameter("weight")
    length = weight.flatten(1).norm(dim=1)
    length = torch.where(length > 0, length, torch.ones_like(length))
    weight.div_(length.view(-1, 1, 1, 1))
    return length


def _part(norm: nn.Module, inputs: tuple[Tensor], bias: Tensor, length: Tensor) -> None:
    """Give a BatchNorm the statistics of its input, and weights with which it gives that times length plus bias."""
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    variance, mean = torch.var_mean(inputs[0], (0, 2, 3), unbiased=False)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_(torch.sqrt(variance + norm.eps) * length)
    norm.bias.copy_(mean * length + bias)
