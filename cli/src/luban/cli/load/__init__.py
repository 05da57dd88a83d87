"""The load generator: everybody acts from outside, a ledger keeps every answer, and the system must agree with it."""
