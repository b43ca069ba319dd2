# SPDX-License-Identifier: Apache-2.0
"""What the evidence says of a call, asked for by the hub."""

import pytest

from edge.report.command.records import MOST_ANSWER
from tests.report.orders import Site, why


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


def test_a_call_is_explained_and_its_evidence_exported(site):
    asked = site.take(site.order("explain", {"call": "1-1"}, by=("operator",)))
    assert asked.data == {"records": site.records}
    bundle = site.take(site.order("export", {"call": "1-1"}, by=("engineer",)))
    assert bundle.data == {"name": "bundle.tar", "base64": "ZXZpZGVuY2U="}


def test_what_is_too_large_for_an_answer_says_where_it_lies(site):
    site.bundle = bytes(MOST_ANSWER)
    assert site.take(site.order("export", {"call": "1-1"})).state == "done"
    site.bundle = bytes(MOST_ANSWER + 1)
    result = site.take(site.order("export", {"call": "1-1"}))
    assert why(result) == ("refused", "too-large")
    (left,) = (site.folder / "exports").iterdir()
    assert f"it lies at {left} for a week at most" in result.text
    assert left.read_bytes() == site.bundle


def test_as_many_records_are_told_as_fit(site):
    site.records = [{"id": str(n), "call": "a@b", "text": "x" * 100_000} for n in range(3)]
    result = site.take(site.order("explain", {"call": "a@b"}))
    assert [one["id"] for one in result.data["records"]] == ["0"]
    assert result.text == "the first 1 of 3 records; export has all"


def test_a_call_that_is_not_known_has_no_records(site):
    assert site.take(site.order("explain", {"call": "nobody"})).data == {"records": []}
    assert why(site.take(site.order("explain", {"call": ""}))) == ("refused", "bad-args")
    site.bundle = None
    assert why(site.take(site.order("export", {"call": "nobody"}))) == ("refused", "unknown-call")
