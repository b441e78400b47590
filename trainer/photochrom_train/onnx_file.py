"""A network as ONNX: traced at a fixed size, weights stored as float16, checked."""

import io
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from photochrom_train.colorize_network import ColorizeNetwork, ExportedColorizer

OPSET = 17
"""The newest opset that every engine runs right."""

METADATA_KEY = "photochrom.contract"
"""Where the ONNX file carries its contract."""

_SMALL = 256


def round_to_float16(network: nn.Module) -> None:
    """Round convolution weights, in place, to what the file will store."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.copy_(module.weight.half().float())


def fold_batch_norm(network: nn.Module) -> None:
    """Fold every BatchNorm into the convolution before it, in place; the network must be in evaluation mode."""
    for child in network.modules():
        if not isinstance(child, nn.Sequential):
            continue
        for index in range(len(child) - 1):
            convolution, norm = child[index], child[index + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                child[index] = nn.utils.fuse_conv_bn_eval(convolution, norm)
                child[index + 1] = nn.Identity()


def trace(network: ColorizeNetwork, size: int) -> onnx.ModelProto:
    """The network as a checked ONNX model with float16-stored weights; input and outputs named as in its contract.

    Args:
        network: in evaluation mode, on the CPU, BatchNorm folded, weights rounded.
        size: side of the square input [pixels].
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Chosen on purpose: what the newer exporter writes, OpenCV 4.14 runs wrongly or not at all in places.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            ExportedColorizer(network).eval(),
            (torch.full((1, 1, size, size), 50.0),),
            buffer,  # type: ignore[arg-type]  # the TorchScript exporter takes a buffer; the stub knows the new one
            dynamo=False,
            opset_version=OPSET,
            input_names=["lightness"],
            output_names=["chroma", "confidence"],
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    _store_as_float16(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def count_macs(network: ColorizeNetwork, size: int) -> int:
    """Multiply-accumulates of one run at a square input of that side [pixels]."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.full((1, 1, size, size), 50.0))
    return int(counter.get_total_flops() // 2)


def _store_as_float16(model: onnx.ModelProto) -> None:
    """Store large weights that float16 holds exactly as float16, each with a Cast back to float32."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if values.size < _SMALL or not np.array_equal(half.astype(np.float32), values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, name + ".float16"))
        casts.append(helper.make_node("Cast", [name + ".float16"], [name], name=name + ".cast", to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
