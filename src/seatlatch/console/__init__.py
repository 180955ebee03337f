"""The operators' console: pages at /console, over the same operations as the HTTP API."""
