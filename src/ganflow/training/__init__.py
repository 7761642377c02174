"""Adversarial training: the step, the state it moves, and the loop that reports on it."""
