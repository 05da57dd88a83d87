"""Rules of the register: numbers, states, what a check asks and what it is told."""
