# SPDX-License-Identifier: Apache-2.0
"""A fetcher of a folder gives its files, and no others."""

import pytest

from edge.trust.fetch import LocalFetcher, Missing


def test_a_file_comes_in_parts(tmp_path):
    (tmp_path / "blob").write_bytes(bytes(100_000))
    parts = list(LocalFetcher(tmp_path).fetch("blob"))
    assert b"".join(parts) == bytes(100_000)
    assert len(parts) == 2


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "nothing", "folder", "link"])
def test_what_is_not_a_file_of_the_folder_is_missing(tmp_path, path):
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "repository"
    (folder / "folder").mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(Missing):
        list(LocalFetcher(folder).fetch(path))
