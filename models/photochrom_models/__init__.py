"""The shipped networks: NAME.onnx, its contract NAME.json, its model card NAME.md. Data only."""
