"""Example requests and responses for the OpenAPI documents."""
