"""The exam service: item bank, sittings, papers, marks, results, publicity."""
