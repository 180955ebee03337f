"""Authentication and rate limits: keys, access tokens, channels and grants."""
