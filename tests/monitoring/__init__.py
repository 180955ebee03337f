"""Tests of the alerts, their rules, and the dashboard."""
