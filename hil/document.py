# SPDX-License-Identifier: Apache-2.0
"""Parts of a document that are made: what was measured stands there, and nothing else."""


def with_part(document: str, name: str, text: str) -> str:
    """Return a document with a text between `<!-- NAME -->` and `<!-- end of NAME -->`.

    Raises:
        LookupError: It has no such place.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, begins, rest = document.partition(begin)
    _, ends, after = rest.partition(end)
    if not (begins and ends):
        raise LookupError(f"no place for what is made: {begin} ... {end}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"
