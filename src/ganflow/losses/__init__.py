"""What the two networks learn from: named pairs of adversarial losses, and penalties."""
