"""What the demonstration needs around diffuse: a local receiver for its mail, and simulated employees."""
