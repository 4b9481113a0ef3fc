"""What only Python libraries do well for AI Mass; each role is a module, started by `python -m aimass_toolkit ROLE`."""

__version__ = "0.1.0"
