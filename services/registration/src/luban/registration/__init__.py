"""Bodies, projects, plans, candidates, entries, eligibility."""
