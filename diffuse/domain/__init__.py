"""The rules: standard library and NumPy only; no clock, no randomness, no I/O, no logging."""
