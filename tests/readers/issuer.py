"""A stand-in issuer of OpenID Connect on this machine, which checks what it is sent and lies when told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT, SECRET = "broadsheet-here", "a secret of both"


class Issuer:
    """What it says of whom; `lies` are claims in place of the true ones (None leaves one out)."""

    def __init__(self, address: str, now: int) -> None:
        self.address, self.now = address, now
        self.key, self.other = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("ours", "theirs"))
        self.lies: dict[str, Any] = {}
        self.subject, self.signed = "subject-1", "ours"
        self.told: dict[str, Any] = {}  # what its userinfo says beside the subject
        self.described: dict[str, Any] = {}
        self._asked: dict[str, dict[str, str]] = {}

    def description(self) -> dict[str, Any]:
        """Return the discovery document."""
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        own = {name: f"{self.address}/{path}" for name, path in names.items()}
        return {"issuer": self.address, "userinfo_endpoint": f"{self.address}/who", **own, **self.described}

    def authorize(self, address: str) -> dict[str, str]:
        """Answer as the page does on which somebody says yes: what the browser is to bring back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256" and len(asked["nonce"]) >= 22 and len(asked["state"]) >= 22
        code = f"code-{len(self._asked)}"
        self._asked[code] = asked
        return {"code": code, "state": asked["state"]}

    def exchange(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Answer what a code is worth: nothing to those who do not have what it was asked for with."""
        asked = self._asked.pop(form["code"], None)
        basic = base64.b64encode(f"{CLIENT}:{quote_plus(SECRET)}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or _url_safe(digest) != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return None
        if authorization != f"Basic {basic}":
            return None
        return {"access_token": "access", "token_type": "Bearer", "id_token": self._token(asked["nonce"])}

    def _token(self, nonce: str) -> str:
        true = {"iss": self.address, "aud": CLIENT, "sub": self.subject, "nonce": nonce}
        times = {"iat": self.now, "exp": self.now + 300}
        claims = {name: value for name, value in {**true, **times, **self.lies}.items() if value is not None}
        secrets = {"nobody": None, "shared secret": SECRET.encode(), "public key": self.key.as_pem(private=False)}
        if self.signed in secrets:
            return _by_secret(claims, secrets[self.signed])
        kid = "theirs" if self.signed == "theirs" else "ours"
        key = self.key if self.signed == "ours" else self.other
        return str(jwt.encode({"alg": "ES256", "kid": kid}, claims, key))

    def keys(self) -> dict[str, Any]:
        """Return the keys that it publishes."""
        return dict(KeySet([self.key]).as_dict(private=False))


def _by_secret(claims: dict[str, Any], secret: bytes | None) -> str:
    """Return a token as those make it who have no key: signed with something that is known, or not at all."""
    header = {"alg": "HS256" if secret else "none"}
    signed = ".".join(_url_safe(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_url_safe(hmac.digest(secret, signed.encode(), 'sha256')) if secret else ''}"


def _url_safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def issuer(now: float | None = None) -> Iterator[Issuer]:
    """Run one for as long as the block lasts; its clock stands still."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made = Issuer(f"http://127.0.0.1:{server.server_port}", round(time.time() if now is None else now))
    server.made = made  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        made: Issuer = self.server.made  # type: ignore[attr-defined]
        if self.path == "/who" and self.headers["Authorization"] == "Bearer access":
            self._answer(200, {"sub": made.subject, **made.told})
        known = {"/.well-known/openid-configuration": made.description, "/keys": made.keys}
        if self.path in known:
            self._answer(200, known[self.path]())

    def do_POST(self) -> None:
        made: Issuer = self.server.made  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        found = made.exchange(form, self.headers.get("Authorization", ""))
        self._answer(200 if found else 400, found or {"error": "invalid_grant"})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
