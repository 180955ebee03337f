"""What an integrator reads: the OpenAPI documents, and pages to browse and try them."""
