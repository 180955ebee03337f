"""The OpenAPI documents, and the pages to browse and try them."""
