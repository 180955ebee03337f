"""The ticketing system's HTTP door: `/operator/v1`. Sees all organizations, and speaks for none."""
