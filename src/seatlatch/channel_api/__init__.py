"""The HTTP interface for channels, `/v1`. Imports no other interface."""
