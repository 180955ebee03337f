"""The pages, and `docs.generate`, which writes the parts of them that are made from the code."""
