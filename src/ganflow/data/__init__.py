"""Images on their way in and out: sources, the IDX format, the held-out split, sheets. NumPy only, no neural network."""
