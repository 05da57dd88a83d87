"""Verifiable credentials, made and checked. Pure: no database, no clock, and never the network."""
