"""The command line of the toolkit."""

import subprocess
import sys

import pytest

from aimass_toolkit.__main__ import ROLES, WRONG_USE


def run(*arguments):
    command = [sys.executable, "-m", "aimass_toolkit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_names_every_role():
    done = run("--help")
    assert done.returncode == 0
    assert all(role in done.stdout for role in ROLES)


def test_version():
    assert run("--version").stdout.startswith("aimass-toolkit ")


@pytest.mark.parametrize("arguments", [[], ["serve"]], ids=["no role", "an unknown role"])
def test_wrong_use_names_the_roles(arguments):
    done = run(*arguments)
    assert done.returncode == WRONG_USE
    assert "prepare, train, evaluate" in done.stderr


def test_no_role_is_imported_before_it_is_asked_for():
    code = "import sys, aimass_toolkit.__main__; print([name for name in ('numpy', 'torch') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
