"""The register's own tables, made by the first migration."""

from importlib.resources import files

SQL = files("luban.certificate.adapters").joinpath("schema.sql").read_text(encoding="utf-8")
