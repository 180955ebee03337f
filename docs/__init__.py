"""The pages, and `docs.generate`, which writes their generated parts."""
