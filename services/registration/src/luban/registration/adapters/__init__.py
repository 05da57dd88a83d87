"""Tables, SQL, sheets, and what events carry."""
