# SPDX-License-Identifier: Apache-2.0
"""Key files: private to their owner, never written over, one half found from the other."""

import pytest

from edge.errors import ConfigError
from edge.trust.keys import new_key, read_public, read_signer


def test_both_halves_come_back(tmp_path):
    path = tmp_path / "operator.pem"
    public = new_key(path)
    assert read_public(tmp_path / "operator.pem.pub") == public
    signer = read_signer(path)
    assert signer.public_key.keyid == public.keyid
    public.verify_signature(signer.sign(b"x"), b"x")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_written_over(tmp_path):
    path = tmp_path / "operator.pem"
    new_key(path)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="never written over"):
        new_key(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"x", b"{}", b"[]", b'{"keyid": 5}'])
def test_what_is_no_key_is_named(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)
    for read in (read_signer, read_public):
        with pytest.raises(ConfigError, match=str(path)):
            read(path)
