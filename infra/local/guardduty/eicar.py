"""The EICAR test file, which every scanner reports and which does nothing.

It is assembled when it is used, so that no file of the project, compiled or not, contains it
(https://www.eicar.org/download-anti-malware-testfile/).
"""

from __future__ import annotations

THREAT = "Eicar-Test-Signature"
"""The name under which the local scanner reports it."""

_PARTS = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR", "-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*")


def eicar() -> bytes:
    """The content of the test file."""
    return "".join(_PARTS).encode("ascii")


def signature() -> str:
    """A ClamAV database (.ndb) that finds the test file, also inside archives.

    One line of name, target type (0 for any file), offset and hexadecimal content
    (https://docs.clamav.net/manual/Signatures/ExtendedSignatures.html).
    """
    return f"{THREAT}:0:0:{eicar().hex()}\n"
