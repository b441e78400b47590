"""What crashes OpenCV's importer is refused before OpenCV sees it, although its contract's hash is right."""

import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from photochrom.colour.lab import Float32
from photochrom.errors import ModelError
from photochrom.networks.contract import read_contract
from photochrom.networks.network import Network, load_network
from photochrom.networks.onnx_file import check_structure
from photochrom.networks.onnx_operators import OPERATORS


def load(model: Path) -> Network:
    """The network of an .onnx file."""
    return load_network(model.with_suffix(".json"), device="cpu")


def chroma_of(model: Path) -> Float32:
    """What a network answers to a ramp of lightness."""
    network = load(model)
    width, height = network.contract.size
    ramp = np.linspace(0, 100, width * height, dtype=np.float32).reshape(1, 1, height, width)
    return network.run({"lightness": ramp})["chroma"]


def initializer(network: onnx.ModelProto, name: str) -> TensorProto:
    found: TensorProto = next(tensor for tensor in network.graph.initializer if tensor.name == name)
    return found


def attribute(network: onnx.ModelProto, name: str) -> onnx.AttributeProto:
    entries = (entry for node in network.graph.node for entry in node.attribute)
    found: onnx.AttributeProto = next(entry for entry in entries if entry.name == name)
    return found


def test_a_network_that_keeps_its_contract_passes(make_model, network):
    assert np.ptp(chroma_of(make_model(network))) > 0


def test_float16_weights_behind_a_cast_pass(make_model, network):
    kernel = initializer(network, "kernel")
    half = numpy_helper.to_array(kernel).astype(np.float16)
    kernel.CopyFrom(numpy_helper.from_array(half.astype(np.float32), "kernel"))
    plain = chroma_of(make_model(network))
    kernel.CopyFrom(numpy_helper.from_array(half, "kernel16"))
    network.graph.node.insert(0, helper.make_node("Cast", ["kernel16"], ["kernel"], to=TensorProto.FLOAT))

    np.testing.assert_allclose(chroma_of(make_model(network)), plain, atol=1e-4)


def test_weights_that_are_not_raw_pass(make_model, network):
    plain = chroma_of(make_model(network))
    kernel = initializer(network, "kernel")
    values = numpy_helper.to_array(kernel)
    kernel.CopyFrom(helper.make_tensor("kernel", TensorProto.FLOAT, values.shape, values.ravel()))

    np.testing.assert_allclose(chroma_of(make_model(network)), plain, atol=1e-4)


@pytest.mark.parametrize("shape", [[2, 1, 3, 4], [2, 1, 3], [2, 1, 3, 2**40], [0], [2, 1, 3, -3]])
def test_a_tensor_that_lies_about_its_size_is_refused(make_model, network, shape):
    del initializer(network, "kernel").dims[:]
    initializer(network, "kernel").dims.extend(shape)

    with pytest.raises(ModelError, match="kernel"):
        load(make_model(network))


def test_a_tensor_of_a_type_without_size_is_refused(make_model, network):
    initializer(network, "kernel").data_type = TensorProto.STRING

    with pytest.raises(ModelError, match="kernel"):
        load(make_model(network))


def test_data_in_another_file_is_refused(make_model, network, tmp_path):
    kernel = initializer(network, "kernel")
    (tmp_path / "weights.bin").write_bytes(kernel.raw_data)
    kernel.ClearField("raw_data")
    kernel.data_location = TensorProto.EXTERNAL
    kernel.external_data.add(key="location", value="weights.bin")

    with pytest.raises(ModelError, match="another file"):
        load(make_model(network))


@pytest.mark.parametrize("name", ["strides", "kernel_shape"])
@pytest.mark.parametrize("value", [0, -1])
def test_strides_and_kernels_of_zero_or_less_are_refused(make_model, network, name, value):
    attribute(network, name).ints[0] = value

    with pytest.raises(ModelError, match=name):
        load(make_model(network))


@pytest.mark.parametrize(("name", "value"), [("group", 0), ("dilations", [0, 0])])
def test_groups_and_dilations_of_zero_are_refused(make_model, network, name, value):
    network.graph.node[0].attribute.append(helper.make_attribute(name, value))

    with pytest.raises(ModelError, match=name):
        load(make_model(network))


def test_a_name_that_nothing_makes_is_refused(make_model, network):
    network.graph.node[0].input[1] = "colonel"

    with pytest.raises(ModelError, match="colonel"):
        load(make_model(network))


def test_a_node_without_an_input_that_it_needs_is_refused(make_model, network):  # found by fuzzing: crashed OpenCV 4.14
    network.graph.node[2].input[0] = ""

    with pytest.raises(ModelError, match="Sigmoid has inputs"):
        load(make_model(network))


def test_a_node_without_any_input_is_refused(make_model, network):  # a Cast without inputs crashed OpenCV 4.14
    network.graph.node.append(helper.make_node("Cast", [], ["nothing"], to=TensorProto.FLOAT))

    with pytest.raises(ModelError, match="Cast has inputs"):
        load(make_model(network))


@pytest.mark.parametrize("operator", ["ReduceMean", "ReduceL2"])
def test_a_reduction_of_constants_is_refused(make_model, network, operator):  # found by fuzzing: crashed OpenCV 4.14
    network.graph.node.append(helper.make_node(operator, ["kernel"], ["mean"]))

    with pytest.raises(ModelError, match=f"{operator} computes with constants alone"):
        load(make_model(network))


def test_a_node_with_too_many_inputs_is_refused(make_model, network):
    network.graph.node[2].input.append("score")

    with pytest.raises(ModelError, match=r"Sigmoid has inputs.*it takes 1,"):
        load(make_model(network))


def test_a_length_beyond_all_measure_is_refused(make_model, network):  # dilations of 2**31 - 1 crashed OpenCV 4.14
    network.graph.node[0].attribute.append(helper.make_attribute("dilations", [2**31 - 1] * 2))

    with pytest.raises(ModelError, match=r"dilations.*65536 is the most"):
        load(make_model(network))


def test_axes_that_descend_are_refused(make_model, network):  # crashed OpenCV 4.14
    node = helper.make_node("ReduceMean", ["chroma"], ["mean"], axes=[3, 2, 1, 0])
    network.graph.node.append(node)

    with pytest.raises(ModelError, match="they have to ascend"):
        load(make_model(network))


def test_a_resize_without_a_size_is_refused(make_model, network):  # crashed OpenCV 4.14
    network.graph.node.append(helper.make_node("Resize", ["chroma"], ["larger"], mode="x"))

    with pytest.raises(ModelError, match="Resize has inputs"):
        load(make_model(network))


def test_an_operator_that_is_not_onnxs_own_is_refused(make_model, network):
    network.graph.node[2].domain = "com.microsoft"

    with pytest.raises(ModelError, match=r"Sigmoid of com\.microsoft"):
        load(make_model(network))


def test_the_operators_have_as_many_inputs_as_onnx_says():
    fewer = {"Resize", "Upsample", "Max", "Mean", "Min", "Sum"}  # than ONNX allows, because OpenCV crashes
    known = [schema for schema in onnx.defs.get_all_schemas_with_history() if schema.since_version <= 21]
    for name, (least, most) in OPERATORS.items():
        schemas = [schema for schema in known if (schema.name, schema.domain) == (name, "")]
        least_known = min(schema.min_input for schema in schemas)
        most_known = max(schema.max_input for schema in schemas)
        if name in fewer:
            assert (least, most) != (least_known, most_known)
            assert least_known <= least <= most <= most_known
        else:
            assert least == least_known, name
            assert most == most_known or min(most, most_known) > 1000, name


def test_axes_that_descend_in_a_constant_are_refused(make_model, network):  # crashed OpenCV 4.14
    for way in ("initializer", "node"):
        axes = numpy_helper.from_array(np.array([3, 2], np.int64), "axes")
        if way == "initializer":
            network.graph.initializer.append(axes)
        else:
            network.graph.initializer.pop()
            network.graph.node.append(helper.make_node("Constant", [], ["axes"], value=axes))
        network.graph.node.append(helper.make_node("ReduceSum", ["chroma", "axes"], ["sum"]))
        with pytest.raises(ModelError, match=r"axes \[3, 2\]; they have to ascend"):
            load(make_model(network))
        network.graph.node.pop()


def test_axes_that_are_computed_are_refused(make_model, network):
    network.graph.node.append(helper.make_node("Shape", ["chroma"], ["axes"]))
    network.graph.node.append(helper.make_node("ReduceSum", ["chroma", "axes"], ["sum"]))

    with pytest.raises(ModelError, match="axes that are no constant"):
        load(make_model(network))


@pytest.mark.parametrize(
    ("operator", "numbers", "reason"),
    [
        ("Tile", [1, 1, 400, 400], "Tile has .*, which comes to 160000; 4096 is the most"),
        ("Expand", [400, 400, 64, 64], "Expand has .*, which comes to 655360000"),
        ("Pad", [0, 0, 0, 0, 0, 0, 24000, 0], "Pad has .*, which comes to 24000"),
        ("ConstantOfShape", [1 << 14, 1 << 13], "ConstantOfShape has .*, which comes to 134217728"),
    ],
)
def test_what_makes_much_of_little_is_refused(make_model, network, operator, numbers, reason):  # took gigabytes
    network.graph.initializer.append(numpy_helper.from_array(np.array(numbers, np.int64), "numbers"))
    inputs = ["numbers"] if operator == "ConstantOfShape" else ["chroma", "numbers"]
    network.graph.node.append(helper.make_node(operator, inputs, ["much"]))

    with pytest.raises(ModelError, match=reason):
        load(make_model(network))


def test_batch_normalization_is_refused(make_model, network):  # OpenCV 4.14 reads beyond parameters that are too few
    for name in ("scale", "shift", "mean", "variance"):
        network.graph.initializer.append(numpy_helper.from_array(np.ones(2, np.float32), name))
    inputs = ["chroma", "scale", "shift", "mean", "variance"]
    network.graph.node.append(helper.make_node("BatchNormalization", inputs, ["normal"]))

    with pytest.raises(ModelError, match="its operator BatchNormalization is not known to run safely"):
        load(make_model(network))


def test_millions_of_packed_numbers_are_refused(make_model, network):  # took seconds and gigabytes
    numbers = network.graph.node[0].attribute.add(name="numbers", type=onnx.AttributeProto.INTS)
    numbers.ints.extend([0] * 1_000_001)

    with pytest.raises(ModelError, match="damaged"):
        load(make_model(network))


def test_float16_weights_that_are_not_raw_pass(make_model, network):
    kernel = initializer(network, "kernel")
    half = numpy_helper.to_array(kernel).astype(np.float16)
    kernel.CopyFrom(helper.make_tensor("kernel16", TensorProto.FLOAT16, half.shape, half.ravel()))
    network.graph.node.insert(0, helper.make_node("Cast", ["kernel16"], ["kernel"], to=TensorProto.FLOAT))

    model = make_model(network)
    check_structure(memoryview(model.read_bytes()), read_contract(model.with_suffix(".json")))
    initializer(network, "kernel16").int32_data.append(0)
    model = make_model(network)
    with pytest.raises(ModelError, match="holds 19 elements"):
        check_structure(memoryview(model.read_bytes()), read_contract(model.with_suffix(".json")))


def test_a_tensor_without_elements_is_refused_where_it_does_harm(make_model, network):  # crashed OpenCV 4.14
    network.graph.initializer.append(numpy_helper.from_array(np.zeros(0, np.float32), "nothing"))
    network.graph.node.append(helper.make_node("Clip", ["chroma", "nothing"], ["clipped"]))

    with pytest.raises(ModelError, match="Clip reads a tensor without elements"):
        load(make_model(network))


def test_a_convolution_of_a_constant_is_refused(make_model, network):  # crashed OpenCV 5.0
    network.graph.node.append(helper.make_node("Conv", ["select", "chroma"], ["folded"]))

    with pytest.raises(ModelError, match="Conv computes with constants alone"):
        load(make_model(network))


def test_an_input_that_may_be_left_out_is(make_model, network):
    plain = chroma_of(make_model(network))
    network.graph.node[0].output[0] = "unbounded"
    network.graph.node.insert(1, helper.make_node("Clip", ["unbounded", "", "most"], ["chroma"]))
    network.graph.initializer.append(numpy_helper.from_array(np.array(127, np.float32), "most"))

    np.testing.assert_allclose(chroma_of(make_model(network)), plain, atol=1e-4)


def test_an_output_that_no_node_makes_is_refused(make_model, network):
    network.graph.node[2].output[0] = "certainty"

    with pytest.raises(ModelError, match='nothing makes its output "confidence"'):
        load(make_model(network))


def test_a_node_before_what_it_reads_is_refused(make_model, network):
    nodes = list(network.graph.node)
    del network.graph.node[:]
    network.graph.node.extend(reversed(nodes))

    with pytest.raises(ModelError, match="nothing before it"):
        load(make_model(network))


@pytest.mark.parametrize("text", [b"Sigmoid", b"select", b"kernel_shape"])
def test_text_that_is_not_utf_8_is_refused(make_model, network, text):
    damaged = network.SerializeToString().replace(text, b"\xff" + text[1:])

    with pytest.raises(ModelError, match="damaged"):
        load(make_model(damaged))


def test_an_operator_with_a_graph_of_its_own_is_refused(make_model, network):
    branch = helper.make_graph([], "branch", [], [])
    network.graph.node[2].attribute.append(helper.make_attribute("then_branch", branch))

    with pytest.raises(ModelError, match="graph of its own"):
        load(make_model(network))


def test_an_unknown_operator_is_refused(make_model, network):
    network.graph.node[2].op_type = "Colourise"

    with pytest.raises(ModelError, match="operator Colourise is not known"):
        load(make_model(network))


@pytest.mark.parametrize("kind", ["input", "output"])
def test_another_name_than_the_contracts_is_refused(make_model, network, kind):
    values = getattr(network.graph, kind)
    values[0].name = "hue"

    with pytest.raises(ModelError, match="hue"):
        load(make_model(network))


@pytest.mark.parametrize("kind", ["input", "output"])
def test_another_shape_than_the_contracts_is_refused(make_model, network, kind):
    getattr(network.graph, kind)[0].type.tensor_type.shape.dim[3].dim_value = 96

    with pytest.raises(ModelError, match="96"):
        load(make_model(network))


def test_a_size_that_is_not_fixed_is_refused(make_model, network):
    network.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"

    with pytest.raises(ModelError, match=r"\?"):
        load(make_model(network))


def test_another_type_than_float32_is_refused(make_model, network):
    network.graph.output[1].type.tensor_type.elem_type = TensorProto.FLOAT16

    with pytest.raises(ModelError, match="type 10"):
        load(make_model(network))


def test_one_input_too_many_is_refused(make_model, network):
    network.graph.input.append(helper.make_tensor_value_info("hints", TensorProto.FLOAT, [1, 3, 64, 64]))

    with pytest.raises(ModelError, match="hints"):
        load(make_model(network))


def test_one_output_too_few_is_refused(make_model, network):
    del network.graph.output[1]

    with pytest.raises(ModelError, match="confidence"):
        load(make_model(network))


def test_another_opset_than_the_contracts_is_refused(make_model, network):
    network.opset_import[0].version = 18

    with pytest.raises(ModelError, match="opset"):
        load(make_model(network))


@pytest.mark.parametrize(
    "data", [b"x", b"not a network", b"\x00" * 100, b"\xff" * 100, b"\x3a\xff\xff\xff\xff\x0f", b"<html></html>"]
)
def test_files_of_another_kind_are_refused(make_model, data):
    with pytest.raises(ModelError, match=r"tiny\.onnx"):
        load(make_model(data))


def test_a_network_that_ends_anywhere_is_refused(make_model, network):
    data = network.SerializeToString()
    contract = read_contract(make_model(network).with_suffix(".json"))
    for end in range(len(data)):
        with pytest.raises(ModelError):
            check_structure(memoryview(data)[:end], contract)


def test_a_damaged_network_is_refused_or_read_but_nothing_else_happens(make_model, network):
    data = network.SerializeToString()
    contract = read_contract(make_model(network).with_suffix(".json"))
    rng = random.Random(4)
    refused = 0
    for _ in range(2000):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        try:
            check_structure(memoryview(damaged), contract)
        except ModelError:
            refused += 1
    assert refused > 1000
