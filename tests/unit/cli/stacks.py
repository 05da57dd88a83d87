"""A description of a stack, for tests."""

from luban.cli.stack import Stack


def a_stack(**changes: object) -> Stack:
    """A local demo stack that runs nowhere; `changes` replace fields."""
    fields: dict[str, object] = {
        "data_dir": "/nowhere",
        "demo": True,
        "profile": "embedded",
        "admin_database": "postgresql://postgres:pw@127.0.0.1:5432/postgres",
        "databases": {"certificate": "postgresql://luban_certificate:pw@127.0.0.1:5432/luban_certificate"},
        "broker": "127.0.0.1:9092",
        "urls": {"certificate": "http://127.0.0.1:8003", "exam": "http://127.0.0.1:8002"},
        "keyring": "/nowhere/keys/keyring.json",
        "issuer": "urn:luban:local-issuer",
        "audience": "luban",
        "jwks": "/nowhere/keys/jwks.json",
        "issuer_key": "/nowhere/keys/issuer.pem",
        "pids": {},
    }
    return Stack(**{**fields, **changes})  # type: ignore[arg-type] # one mapping holds fields of every type
