"""The tracking service: what employees reach through the links of their messages."""
