"""Logging in at an issuer (OpenID Connect Core 1.0): authorization code with PKCE, state and nonce."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import InputError, NotFound, SettingsError, Unavailable
from broadsheet.server.sessions import set_cookie
from broadsheet.settings import LOOPBACK_NAMES, Issuer

if TYPE_CHECKING:
    from broadsheet.library import Library

_COOKIE, _PURPOSE = "broadsheet-oidc", "oidc"
_LASTS = 600  # seconds that somebody may take to log in there
_LEEWAY = 60  # seconds that the issuer's clock may be wrong
_TIMEOUT = 10.0  # seconds that one answer of an issuer may take
# Signatures that only the issuer can have made: neither by a secret that both share, nor by nobody.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
_BASIC = "client_secret_basic"
_SCOPES = ("openid", "email", "profile")
_AGAIN = "Logging in there took too long, or began in another browser. Try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whom an issuer says it is: `email` is an address that it has verified. Where they want to go, and what for.

    `linking` is the number of the reader who wants to log in this way from now on, None where somebody logs in.
    """

    issuer: str
    subject: str
    email: str | None
    next: str
    linking: int | None


def issuer_named(request: Request, name: str) -> Issuer:
    """Return one of the issuers that the settings name.

    Raises:
        NotFound: there is none of that name.
    """
    known: tuple[Issuer, ...] = request.app.state.settings.oidc
    found = next((one for one in known if one.name == name), None)
    if found is None:
        raise NotFound("There is no logging in by that.")
    return found


def depart(request: Request, issuer: Issuer, *, next: str, linking: int | None) -> Response:
    """Send a browser to an issuer, with a sealed cookie that says what must come back.

    Raises:
        Unavailable: the issuer does not answer as one.
        SettingsError: the extra `oidc` is not installed.
    """
    verifier, nonce, state = (secrets.token_urlsafe(48) for _ in range(3))
    known = _described(issuer)
    asked = {
        "response_type": "code",
        "client_id": issuer.client_id,
        "redirect_uri": _back(request, issuer),
        "scope": " ".join(_scopes(known)),
        "state": state,
        "nonce": nonce,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    there = _endpoint(known, "authorization_endpoint")
    address = f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}"
    kept = {"issuer": issuer.name, "state": state, "nonce": nonce, "verifier": verifier}
    sealed = _library(request).seal(_PURPOSE, {**kept, "next": next, "linking": linking}, seconds=_LASTS)
    response = RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
    set_cookie(request, response, _COOKIE, sealed, seconds=_LASTS)
    return response


def arrive(request: Request, issuer: Issuer) -> Visitor:
    """Return who comes back from an issuer, once all that it says has been checked.

    Raises:
        InputError: this browser did not set out for there, or the issuer let nobody in, or what it says does not hold.
        Unavailable: the issuer does not answer as one.
        SettingsError: the extra `oidc` is not installed.
    """
    kept, told = _kept(request, issuer), request.query_params
    if not hmac.compare_digest(told.get("state", "").encode("utf-8", "replace"), kept["state"].encode()):
        raise InputError(_AGAIN)
    if told.get("iss", issuer.issuer) != issuer.issuer:  # RFC 9207: the answer of another issuer
        raise _refused(issuer)
    if "code" not in told:
        raise InputError(f"{issuer.title} let nobody in: {told.get('error', 'it does not say why')[:80]}.")
    known = _described(issuer)
    token = _exchanged(request, issuer, known, told["code"], kept["verifier"])
    claims = _claims(request, issuer, token, _json(issuer, _endpoint(known, "jwks_uri")), kept["nonce"])
    email = _address(claims) or _asked_for_address(issuer, known, token, claims)
    return Visitor(issuer=issuer.issuer, subject=claims["sub"], email=email, next=kept["next"], linking=kept["linking"])


def forget(request: Request, response: Response) -> None:
    """Drop the cookie of a log-in that is over, however it ended: what came back is worth nothing a second time."""
    set_cookie(request, response, _COOKIE, "", seconds=0)


def _kept(request: Request, issuer: Issuer) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = _library(request).unseal(_PURPOSE, request.cookies.get(_COOKIE, ""))
    except InputError as error:
        raise InputError(_AGAIN) from error
    if kept["issuer"] != issuer.name:
        raise InputError(_AGAIN)
    return kept


def _claims(request: Request, issuer: Issuer, token: Any, keys: Any, nonce: str) -> dict[str, Any]:
    """Return what an ID token says, after the checks of OpenID Connect Core 1.0, 3.1.3.7."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    must: dict[str, Any] = {name: {"essential": True} for name in ("sub", "exp", "iat")}
    must |= {"iss": {"essential": True, "value": issuer.issuer}, "aud": {"essential": True, "value": issuer.client_id}}
    params = {"nonce": nonce, "client_id": issuer.client_id, "access_token": token.get("access_token")}
    try:
        found = jwt.decode(str(token.get("id_token", "")), KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
        claims = CodeIDToken(found.claims, found.header, must, params)
        claims.validate(now=round(request.app.state.now().timestamp()), leeway=_LEEWAY)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused(issuer) from error
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) < 256:
        raise _refused(issuer)
    return dict(claims)


def _exchanged(request: Request, issuer: Issuer, known: dict[str, Any], code: str, verifier: str) -> dict[str, Any]:
    """Return the tokens that a code is worth."""
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _back(request, issuer),
        "code_verifier": verifier,
    }
    own = (issuer.client_id, issuer.client_secret)
    if _BASIC in (known.get("token_endpoint_auth_methods_supported") or [_BASIC]):
        auth = (quote_plus(own[0]), quote_plus(own[1]))  # RFC 6749, 2.3.1
        return _json(issuer, _endpoint(known, "token_endpoint"), method="POST", data=sent, auth=auth)
    sent |= {"client_id": own[0], "client_secret": own[1]}
    return _json(issuer, _endpoint(known, "token_endpoint"), method="POST", data=sent)


def _asked_for_address(issuer: Issuer, known: dict[str, Any], token: dict[str, Any], claims: Any) -> str | None:
    """Return the verified address that the issuer tells those who ask for it, if it tells it of this very subject."""
    if "userinfo_endpoint" not in known or "email" not in _scopes(known) or not token.get("access_token"):
        return None
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    told = _json(issuer, _endpoint(known, "userinfo_endpoint"), headers=bearer)
    return _address(told) if told.get("sub") == claims["sub"] else None


def _address(claims: dict[str, Any]) -> str | None:
    """Return an address that the issuer says it has verified; what anybody may have typed in there is nobody's."""
    address = claims.get("email")
    return address if claims.get("email_verified") is True and isinstance(address, str) else None


def _described(issuer: Issuer) -> dict[str, Any]:
    """Return what an issuer says of itself (OpenID Connect Discovery 1.0)."""
    address = f"{issuer.issuer.rstrip('/')}/.well-known/openid-configuration"
    known = _json(issuer, address)
    if known.get("issuer") != issuer.issuer:
        raise Unavailable(f"{address} is of another issuer, {known.get('issuer')!r:.80}.")
    return known


def _json(issuer: Issuer, address: str, method: str = "GET", **sent: Any) -> dict[str, Any]:
    """Return what an issuer answers; it is followed nowhere else."""
    import httpx

    try:
        with httpx.Client(timeout=_TIMEOUT) as client:
            answer = client.request(method, address, **sent)
        if answer.status_code in (400, 401, 403):
            raise _refused(issuer)
        found = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise _silent(issuer) from error
    if not isinstance(found, dict):
        raise _silent(issuer)
    return found


def _endpoint(known: dict[str, Any], name: str) -> str:
    address = str(known.get(name, ""))
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES):
        return address
    raise Unavailable(f"The issuer names no {name} that could be used.")


def _back(request: Request, issuer: Issuer) -> str:
    """Return where the issuer is to send browsers back to."""
    base = str(request.app.state.settings.url or request.base_url).rstrip("/")
    return f"{base}/login/from/{issuer.name}"


def _challenge(verifier: str) -> str:
    try:
        from authlib.oauth2.rfc7636 import create_s256_code_challenge
    except ImportError as error:
        raise SettingsError("Logging in by an issuer needs the extra: pip install 'broadsheet[oidc]'.") from error
    return str(create_s256_code_challenge(verifier))


def _scopes(known: dict[str, Any]) -> list[str]:
    supported = known.get("scopes_supported") or _SCOPES
    return [scope for scope in _SCOPES if scope == "openid" or scope in supported]


def _refused(issuer: Issuer) -> InputError:
    return InputError(f"What {issuer.title} said cannot be relied on, so nobody was let in. Try again.")


def _silent(issuer: Issuer) -> Unavailable:
    return Unavailable(f"{issuer.title} did not answer as it should. Try again later.")


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
