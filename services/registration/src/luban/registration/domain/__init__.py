"""The rules of registration: standard library and luban.reference only."""
