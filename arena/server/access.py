"""Who may come in, and who runs the server: their tokens, the guard against guessing them, certificates, and which
addresses may be opened."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import socket
import ssl
from pathlib import Path
from typing import Final

from arena.clock import Clock
from arena.errors import UserError
from arena.protocol import codes
from arena.server.guesses import Guesses
from arena.server.limits import Limits

SHORTEST_TOKEN: Final = 12
LONGEST_TOKEN: Final = 200


class Access:
    """The door's keeper. Without a ``token`` everybody may come in; without an ``operator`` token nobody may do what
    only whoever runs the server may. Only their hashes are kept. Wrong guesses at either count together.

    Raises:
        UserError: a token is too short or too long to be one, or both are the same.
    """

    def __init__(self, token: str | None, limits: Limits, clock: Clock, operator: str | None = None) -> None:
        for each, what in ((token, "An access token"), (operator, "An operator's token")):
            if each is not None and not SHORTEST_TOKEN <= len(each) <= LONGEST_TOKEN:
                raise UserError(
                    f"{what} has {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters. One can be made with: "
                    'python3 -c "import secrets; print(secrets.token_urlsafe(24))"'
                )
        if token is not None and token == operator:
            raise UserError("The operator's token is the access token: everybody who comes in would have it.")
        self._digest = None if token is None else _digest(token)
        self._operator_digest = None if operator is None else _digest(operator)
        self._limits = limits
        self._guesses = Guesses(limits.guesses, clock)

    @property
    def needs_token(self) -> bool:
        return self._digest is not None

    def refusal(self, address: str, given: str | None) -> str | None:
        """None for whoever may come in, else the code of ``arena.protocol.codes``.

        An address that has guessed wrong too often is not listened to for a while, whatever it gives.
        """
        return None if self._digest is None else self._compared(address, given, self._digest)

    async def asked(self, address: str, given: str | None) -> str | None:
        """Like ``refusal``, but a wrong token is answered only after a while."""
        return await self._slowly(self.refusal(address, given))

    @property
    def has_operator(self) -> bool:
        return self._operator_digest is not None

    async def operator_asked(self, address: str, given: str) -> str | None:
        """None for whoever runs the server, else the code; a wrong token is answered only after a while."""
        if self._operator_digest is None:
            return codes.UNAUTHORISED
        return await self._slowly(self._compared(address, given, self._operator_digest))

    def _compared(self, address: str, given: str | None, digest: bytes) -> str | None:
        if self._guesses.spent(address):
            return codes.TOO_MANY_GUESSES
        if given is not None and hmac.compare_digest(_digest(given), digest):
            return None
        self._guesses.wrong(address)
        return codes.UNAUTHORISED

    async def _slowly(self, code: str | None) -> str | None:
        if code == codes.UNAUTHORISED:
            await asyncio.sleep(self._limits.guess_delay_s)
        return code

    def bearer_refusal(self, address: str, authorization: str | None) -> str | None:
        """``refusal`` for the ``Authorization`` header of an HTTP request."""
        scheme, _, token = (authorization or "").partition(" ")
        return self.refusal(address, token.strip() if scheme.lower() == "bearer" else None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def check_host(host: str, *, token: str | None, insecure: bool) -> None:
    """Refuse to open an address that other machines can reach when everybody there could come in.

    Raises:
        UserError: ``host`` is such an address, there is no token, and nobody said that this is wanted.
    """
    if token is None and not insecure and not private(host):
        raise UserError(
            f"{host or 'Every address'} can be reached from other machines, and anybody there could come in. Give "
            "people an access token (--token or ARENA_TOKEN), or say --insecure if that is what you want."
        )


def private(host: str) -> bool:
    """Whether no other machine can reach ``host``. A name counts by all addresses that it stands for."""
    if not host:
        return False
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return True  # nothing can listen there at all, which is said when it is tried
    return all(ipaddress.ip_address(str(address).split("%")[0]).is_loopback for address in found)


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """What a server needs to speak ``wss://``.

    Raises:
        UserError: a file is missing or is no certificate or key, the two do not belong together, or the key is locked.
    """
    for path, what in ((cert, "certificate"), (key, "key")):
        if not path.is_file():
            raise UserError(f"There is no {what} at {path}.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, password="")  # an empty password, or OpenSSL would ask on the terminal
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UserError(f"The key {key} does not belong to the certificate {cert}.") from error
        raise UserError(
            f"{cert} and {key} cannot be used: {error.reason or error}. Both must be PEM files, the key without a "
            "password."
        ) from error
    except OSError as error:
        raise UserError(f"{cert} or {key} cannot be read: {error.strerror or error}.") from error
    return context
