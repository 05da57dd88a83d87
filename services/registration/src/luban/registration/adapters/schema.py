"""The service's own tables, made by the first migration after the kernels'."""

from importlib.resources import files

SQL = files("luban.registration.adapters").joinpath("schema.sql").read_text(encoding="utf-8")
