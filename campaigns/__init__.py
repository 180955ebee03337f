"""Campaigns: long runs under faults, each with a control, whose results are published."""
