"""The HTTP kernel's own tables, made by the first migration of every service, after eventkit's."""

from importlib.resources import files

SQL = files("luban.webkit").joinpath("schema.sql").read_text(encoding="utf-8")
