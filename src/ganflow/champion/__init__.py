"""Which generator is in use, and when another one takes its place."""
