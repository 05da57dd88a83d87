"""Rules and tables of the field that need no data of a service: pure, standard library only, no clock, no network."""
