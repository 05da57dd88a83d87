"""The HTTP kernel: applications, problems, who calls, and commands that run once."""
