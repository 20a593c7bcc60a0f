"""One verb a file: domain and ports, no framework."""
