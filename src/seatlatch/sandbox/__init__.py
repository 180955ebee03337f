"""The sandbox: example data, faults on request, and calls that control both."""
