"""Long runs of the tests' own checks, whose results are recorded and published."""
