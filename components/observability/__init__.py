"""Alarms with their topic, the dashboard, and saved log queries."""
