"""How far generated samples are from real ones: features in, numbers out. NumPy, SciPy and scikit-learn only."""
