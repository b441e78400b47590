"""The trainer of photochrom: photographs in; ONNX networks with their contracts, figures and model cards out."""
