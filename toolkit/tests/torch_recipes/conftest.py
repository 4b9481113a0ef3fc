"""What the tests of the recipes share."""

import pytest


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Models that tests give to others, each made once a file."""
    return tmp_path_factory.mktemp("models")
