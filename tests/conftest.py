"""Options of the tests, and what all of them rely on."""

import signal

import pytest


def pytest_configure() -> None:
    """Ctrl-C is heard here and in all processes from here, as a shell's background jobs ignore it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-browser",
        action="store_true",
        help="fail, instead of skipping, where there is no browser to look at pages with",
    )
    parser.addoption(
        "--require-gimp",
        action="store_true",
        help="fail, instead of skipping, where there is no GIMP 3.0 and 3.2 to try the plug-in in",
    )
    parser.addoption(
        "--kills",
        type=int,
        default=25,
        help="how many times the command is killed in the middle of its work (default: 25)",
    )
