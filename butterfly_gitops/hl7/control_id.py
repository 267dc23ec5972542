"""The alphabet of MSH-10: Crockford base32, which nobody misreads aloud."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def crockford(random_bytes: bytes) -> str:
    """Return one character for each byte; evenly drawn bytes make evenly drawn characters, of five bits each."""
    return "".join([_CROCKFORD[byte & 31] for byte in random_bytes])
