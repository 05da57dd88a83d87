"""Why a process does not start."""


class CannotStartError(Exception):
    """Something is wrong that only a person can put right. Its text says what to do, and shows nothing personal."""
