"""What the ledger says beside what the system says."""
