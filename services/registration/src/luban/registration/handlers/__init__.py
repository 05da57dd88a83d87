"""One module per use case: load, ask the domain, save, emit."""
