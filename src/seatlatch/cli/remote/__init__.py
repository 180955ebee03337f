"""`seatlatch remote`: a channel's calls, through the Python client."""
