"""The machine and the process: devices, other workers, signals, locks."""
