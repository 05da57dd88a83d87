"""The kernel's own tables, made by the first migration of every service."""

from importlib.resources import files

SQL = files("luban.eventkit").joinpath("schema.sql").read_text(encoding="utf-8")
