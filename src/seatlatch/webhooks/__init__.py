"""Telling webhooks: what goes to whom, in which order, how often, and to which addresses never."""
