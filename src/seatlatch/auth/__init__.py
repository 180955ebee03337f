"""Who is calling: keys, access tokens, channels, grants, and how often they may call."""
