"""HTTP in and out. Handlers of ten lines, and one table from refusal to status and type."""
