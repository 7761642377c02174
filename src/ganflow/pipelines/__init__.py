"""The pipelines, one folder each: `pipeline.py` wires, `nodes.py` unpacks, calls the core and returns.

Nodes import TensorFlow where they use it, so that listing or drawing the pipelines stays fast.
"""
