"""One third party each: constructor arguments, never Settings."""
