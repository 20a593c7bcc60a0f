"""What goes into an evidence pack besides the evidence, and the program that checks it."""
