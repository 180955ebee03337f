"""Webhooks: which events each endpoint receives, in which order, when again, and which addresses
are allowed.
"""
