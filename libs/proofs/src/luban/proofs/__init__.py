"""Proofs that anyone can check. Pure, but for the key files and the token that hold private keys."""
