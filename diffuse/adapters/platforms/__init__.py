"""Intranet platforms, one file each; what they have in common is in ``calls``, ``cleaning`` and ``looks``."""
