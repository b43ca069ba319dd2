from collections.abc import Callable

from edge.decode.sip.uri import Address, Uri

def plain_uri(octets: bytes) -> tuple[str, str, str, int, str, str] | None: ...
def plain_address(
    value: bytes,
    longest: int,
    read: Callable[[bytes], Uri],
    make: Callable[[str, Uri, bytes], Address],
) -> Address | None: ...
