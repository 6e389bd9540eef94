"""Training and measuring the reader: the model that says which words of a passage answer, or none."""
