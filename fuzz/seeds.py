"""Writes the inputs that every search begins with, into fuzz/corpus/; what lies there is what came out.

python fuzz/seeds.py
"""

import hashlib
import io
from pathlib import Path
from typing import Final

import imagecodecs
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import ExifTags, Image

from photochrom.networks.contract import Contract, Tensor
from targets import CORPUS

SIDE: Final = 32
"""Of the networks' input [pixels]."""


def _networks() -> dict[str, onnx.ModelProto]:
    """Colorizers of a few nodes each, with the operators that the trainer's networks have."""
    chance = np.random.default_rng(7)
    weights: dict[str, NDArray[np.generic]] = {
        "stem": chance.normal(0, 0.1, (4, 1, 3, 3)).astype(np.float32),
        "depth": chance.normal(0, 0.1, (4, 1, 3, 3)).astype(np.float16),
        "point": chance.normal(0, 0.1, (2, 4, 1, 1)).astype(np.float32),
        "join": chance.normal(0, 0.1, (2, 6, 1, 1)).astype(np.float32),
        "ones": np.ones(4, np.float32),
        "half": np.array(0.5, np.float32),
        "six": np.array(6, np.float32),
        "zero": np.array(0, np.float32),
        "twice": np.array([1, 1, 2, 2], np.float32),
        "axes": np.array([1], np.int64),
        "begin": np.array([0], np.int64),
        "end": np.array([1], np.int64),
        "flat": np.array([1, 4, -1], np.int64),
        "square": np.array([1, 4, SIDE // 2, SIDE // 2], np.int64),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
    }
    node = helper.make_node
    slim = [
        _conv("lightness", "stem", "a", side=3, stride=2),
        _conv("a", "point", "chroma", side=1),
        node("ReduceMean", ["chroma"], ["mean"], axes=[1], keepdims=1),
        node("Sigmoid", ["mean"], ["confidence"]),
    ]
    shipped = [
        _conv("lightness", "stem", "a", side=3, stride=2),
        node("Cast", ["depth"], ["depth32"], to=TensorProto.FLOAT),
        _conv("a", "depth32", "b", side=3, stride=2, group=4),
        node("Clip", ["b", "zero", "six"], ["c"]),
        node("GlobalAveragePool", ["c"], ["pooled"]),
        node("Add", ["c", "pooled"], ["d"]),
        node("Resize", ["d", "", "twice"], ["up"], mode="nearest", nearest_mode="floor",
             coordinate_transformation_mode="asymmetric"),
        _conv("up", "point", "e", side=1),
        node("Concat", ["e", "a"], ["both"], axis=1),
        node("Relu", ["both"], ["f"]),
        _conv("f", "join", "chroma", side=1),
        node("Softmax", ["a"], ["p"], axis=1),
        node("Log", ["p"], ["logp"]),
        node("Mul", ["p", "logp"], ["plogp"]),
        node("Slice", ["plogp", "begin", "end", "axes"], ["first"]),
        node("Sub", ["first", "half"], ["g"]),
        node("Div", ["g", "six"], ["h"]),
        node("Sigmoid", ["h"], ["confidence"]),
    ]  # fmt: skip
    varied = [
        node("Constant", [], ["bias"], value=numpy_helper.from_array(np.zeros(4, np.float32))),
        node("Conv", ["lightness", "stem", "bias"], ["a"], strides=[2, 2], auto_pad="SAME_UPPER", kernel_shape=[3, 3]),
        node("InstanceNormalization", ["a", "ones", "ones"], ["b"], epsilon=1e-5),
        node("LeakyRelu", ["b"], ["c"], alpha=0.1),
        node("HardSwish", ["c"], ["d"]),
        node("Pad", ["d", "pads"], ["wide"], mode="reflect"),
        node("MaxPool", ["wide"], ["e"], kernel_shape=[3, 3], strides=[1, 1]),
        node("AveragePool", ["e"], ["f"], kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4),
        node("Reshape", ["f", "flat"], ["rows"]),
        node("Transpose", ["rows"], ["columns"], perm=[0, 2, 1]),
        node("MatMul", ["rows", "columns"], ["gram"]),
        node("MatMul", ["gram", "rows"], ["mixed"]),
        node("Reshape", ["mixed", "square"], ["g"]),
        node("Tanh", ["g"], ["h"]),
        node("Split", ["h"], ["chroma", "rest"], axis=1),
        node("Identity", ["half"], ["half1"]),
        node("ReduceMean", ["rest"], ["mean"], axes=[1], keepdims=1),
        node("Mul", ["mean", "half1"], ["i"]),
        node("Sigmoid", ["i"], ["confidence"]),
    ]
    return {name: _model(nodes, weights) for name, nodes in (("slim", slim), ("shipped", shipped), ("varied", varied))}


def _conv(data: str, kernel: str, output: str, *, side: int, stride: int = 1, group: int = 1) -> onnx.NodeProto:
    return helper.make_node(
        "Conv",
        [data, kernel],
        [output],
        kernel_shape=[side] * 2,
        pads=[side // 2] * 4,
        strides=[stride] * 2,
        group=group,
    )


def _model(nodes: list[onnx.NodeProto], weights: dict[str, NDArray[np.generic]]) -> onnx.ModelProto:
    half = SIDE // 2
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "seed",
        [helper.make_tensor_value_info("lightness", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [
            helper.make_tensor_value_info("chroma", TensorProto.FLOAT, [1, 2, half, half]),
            helper.make_tensor_value_info("confidence", TensorProto.FLOAT, [1, 1, half, half]),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items() if name in used],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _contract(network: bytes) -> Contract:
    half = SIDE // 2
    return Contract(
        format=1,
        name="network",
        version="1",
        task="colorize",
        file="network.onnx",
        sha256=hashlib.sha256(network).hexdigest(),
        size_bytes=len(network),
        opset=17,
        inputs=(Tensor(name="lightness", shape=(1, 1, SIDE, SIDE), unit="L*", range=(0, 100)),),
        outputs=(
            Tensor(name="chroma", shape=(1, 2, half, half), unit="a*b*", range=(-128, 128)),
            Tensor(name="confidence", shape=(1, 1, half, half), unit="probability", range=(0, 1)),
        ),
        conditions=(),
        macs=1000,
        licence="Apache-2.0",
        data="none",
        parity={"onnxruntime": 1e-4},
    )


def _pictures() -> dict[str, bytes]:
    """Small image files of many kinds, some with metadata."""
    chance = np.random.default_rng(11)
    grey = Image.fromarray(chance.integers(0, 255, (8, 12), dtype=np.uint8))
    rgb = Image.fromarray(chance.integers(0, 255, (8, 12, 3), dtype=np.uint8))
    rgba = Image.fromarray(chance.integers(0, 255, (8, 12, 4), dtype=np.uint8))
    deep = Image.fromarray(chance.integers(0, 65535, (8, 12), dtype=np.uint16))
    blocks = {"exif": _exif(), "icc_profile": _profiles()["srgb.icc"], "dpi": (300, 300)}
    pictures = {
        "grey.jpg": _encoded(grey, "JPEG", **blocks),
        "progressive.jpg": _encoded(rgb, "JPEG", progressive=True, comment=b"Aunt Emmy"),
        "restarts.jpg": _encoded(rgb, "JPEG", subsampling=2, restart_marker_blocks=1),
        "cmyk.jpg": _encoded(rgb.convert("CMYK"), "JPEG"),
        "grey.png": _encoded(grey, "PNG", **blocks),
        "bits.png": _encoded(grey.convert("1"), "PNG"),
        "palette.png": _encoded(rgb.quantize(16), "PNG", transparency=3),
        "alpha.png": _encoded(rgba, "PNG"),
        "deep.png": _encoded(deep, "PNG"),
        "animated.png": _encoded(rgb, "PNG", save_all=True, append_images=[rgb.rotate(180)]),
        "palette.gif": _encoded(rgb.quantize(16), "GIF"),
        "animated.gif": _encoded(grey, "GIF", save_all=True, append_images=[grey.rotate(180)]),
        "lossy.webp": _encoded(rgb, "WEBP", exif=_exif()),
        "lossless.webp": _encoded(rgba, "WEBP", lossless=True),
        "animated.webp": _encoded(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(180)]),
        "grey.avif": _encoded(grey, "AVIF", exif=_exif()),
        "rgb.jp2": _encoded(rgb, "JPEG2000"),
        "palette.bmp": _encoded(rgb.quantize(16), "BMP"),
        "rgb.bmp": _encoded(rgb, "BMP"),
        "grey.pgm": _encoded(grey, "PPM"),
        "rgb.ppm": _encoded(rgb, "PPM"),
        "bits.pbm": _encoded(grey.convert("1"), "PPM"),
        "text.pgm": b"P2\n# by hand\n3 2\n255\n0 1 2\n3 4 255\n",
    }
    for name, picture, options in (
        ("plain.tif", grey, {"icc_profile": _profiles()["grey.icc"]}),
        ("lzw.tif", rgb, {"compression": "tiff_lzw"}),
        ("deflate.tif", rgba, {"compression": "tiff_adobe_deflate"}),
        ("jpeg.tif", rgb, {"compression": "jpeg"}),
        ("fax.tif", grey.convert("1"), {"compression": "group4"}),
        ("deep.tif", deep, {}),
        ("float.tif", Image.fromarray(chance.random((8, 12), dtype=np.float32)), {}),
        ("big.tif", grey, {"big_tiff": True}),
        ("pages.tif", grey, {"save_all": True, "append_images": [grey]}),
    ):
        pictures[name] = _encoded(picture, "TIFF", **options)
    return pictures


def _encoded(picture: Image.Image, name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, name, **options)
    return buffer.getvalue()


def _exif() -> bytes:
    """An Exif block with a date, a place, and an orientation that has to be applied."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Agfa"
    exif.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base.DateTimeOriginal: "1932:07:14 12:00:00"})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return exif.tobytes()


_XMP: Final = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" tiff:ImageWidth="12">'
    b'<tiff:ImageLength>8</tiff:ImageLength></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
_IPTC: Final = b"\x1c\x01\x5a\x00\x03\x1b%G\x1c\x02\x78\x00\x09Aunt Emmy"


def _profiles() -> dict[str, bytes]:
    """Colour profiles: of curves, of parameters, grey, and one for printing."""
    return {
        "srgb.icc": bytes(imagecodecs.cms_profile("srgb")),
        "adobe.icc": bytes(imagecodecs.cms_profile("adobergb")),
        "grey.icc": bytes(imagecodecs.cms_profile("gray", gamma=2.2)),
        "lab.icc": bytes(imagecodecs.cms_profile("lab2")),
    }


def _write(folder: str, name: str, data: bytes) -> None:
    path = CORPUS / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main() -> None:
    """Write them all."""
    networks = {name: model.SerializeToString() for name, model in _networks().items()}
    for name, network in networks.items():
        _write("networks", f"{name}.onnx", network)
    for name, picture in _pictures().items():
        _write("images", name, picture)
    for name, profile in _profiles().items():
        _write("profiles", name, profile)
    blocks = {"exif": _exif()[len(b"Exif\0\0") :], "xmp": _XMP, "iptc": _IPTC}
    for number, (name, block) in enumerate(blocks.items()):
        _write("metadata", f"{name}.bin", bytes([number]) + block)
    _write("contracts", "network.json", _contract(networks["slim"]).to_json().encode())
    shipped = Path(__file__).parent.parent / "models" / "photochrom_models" / "colorize.json"
    _write("contracts", "shipped.json", shipped.read_bytes())


if __name__ == "__main__":
    main()
