"""`luban demo`: a province's cycle on three tracks, acted from outside through the HTTP APIs and files of its users."""
