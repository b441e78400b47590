"""The weights of an exported network, back in one that can be trained.

An exported file has every BatchNorm folded into the convolution before it. Here each is parted from it again, with the
statistics of some photographs, so that the network gives what the file gives and trains like one that was never folded.
"""

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
            if name.startswith(_PREFIX)
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
        weights = dict(self._weights)
        folded: dict[nn.BatchNorm2d, Tensor] = {}
        try:
            for name, module in network.named_modules():
                if not isinstance(module, nn.Sequential):
                    continue
                for index in range(len(module) - 1):
                    norm = module[index + 1]
                    if isinstance(norm, nn.BatchNorm2d):
                        folded[norm] = weights.pop(f"{name}.{index}.bias")
            state = network.state_dict()
            kept = {
                name: value
                for name, value in state.items()
                if name in (*_SETTLED_BY_EXPORT, "palette", "calibration") or _of_a_norm(name, network)
            }
            network.load_state_dict({name: value for name, value in weights.items() if name in state} | kept)
        except (KeyError, RuntimeError) as error:
            raise ConfigError(
                f"start is {self._file}, whose layers are not those of [architecture]; give the one that it was "
                "trained with"
            ) from error
        handles = [
            norm.register_forward_pre_hook(lambda norm, inputs: _part(norm, inputs[0], folded[norm])) for norm in folded
        ]
        training = network.training
        network.eval()
        network.features(lightness)
        network.train(training)
        for handle in handles:
            handle.remove()


def _of_a_norm(name: str, network: nn.Module) -> bool:
    return isinstance(network.get_submodule(name.rpartition(".")[0]), nn.BatchNorm2d)


def _part(norm: nn.Module, features: Tensor, bias: Tensor) -> None:
    """Give a BatchNorm the statistics of its input, and weights with which it only adds the bias to that input."""
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    variance, mean = torch.var_mean(features, (0, 2, 3), unbiased=False)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_(torch.sqrt(variance + norm.eps))
    norm.bias.copy_(mean + bias)
