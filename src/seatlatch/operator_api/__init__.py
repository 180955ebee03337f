"""The HTTP interface for the ticketing system, `/operator/v1`. It covers all organizations."""
