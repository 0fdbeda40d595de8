"""Authorization server over HTTP with an independent client: Authlib."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from starlette.applications import Starlette

from tests.harness.clock import Clock
from tests.harness.servers import served
from tests.services.sandbox.visitor import CLIENT, EVERYTHING, PASSWORD, VERIFIER


@pytest.fixture
def origin(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # plain HTTP is allowed locally
    with served(app) as origin:
        yield origin


@pytest.fixture
def client(origin: str) -> Iterator[OAuth2Session]:
    """Return a public client configured by the metadata of the server only."""
    with OAuth2Session() as anybody:
        metadata = anybody.get(f"{origin}/.well-known/oauth-authorization-server", withhold_token=True).json()
    with OAuth2Session(
        CLIENT,
        token_endpoint_auth_method="none",
        scope=EVERYTHING,
        code_challenge_method="S256",
        **metadata,
    ) as client:
        yield client


def code(client: OAuth2Session) -> str:
    """Complete both steps of the challenge, which Authlib lacks, with its PKCE; return the code."""

    def challenge(**form: str) -> dict[str, Any]:
        endpoint = client.metadata["authorization_challenge_endpoint"]
        body: dict[str, Any] = client.post(endpoint, data=form, withhold_token=True).json()
        return body

    first = challenge(
        response_type="code",
        client_id=CLIENT,
        scope=EVERYTHING,
        code_challenge=create_s256_code_challenge(VERIFIER),
        code_challenge_method="S256",
        login_hint="camille@demo.example",
    )
    proof = {"client_id": CLIENT, "auth_session": first["auth_session"], "password": PASSWORD}
    return str(challenge(**proof)["authorization_code"])


def sign_in(client: OAuth2Session, verifier: str = VERIFIER) -> dict[str, Any]:
    return dict(
        client.fetch_token(grant_type="authorization_code", code=code(client), code_verifier=verifier)
    )


def test_metadata_is_valid_for_an_independent_client(client: OAuth2Session, origin: str) -> None:
    metadata = AuthorizationServerMetadata(client.metadata)
    for key in metadata.REGISTRY_KEYS:
        # Required "unless no grant types are supported that use the authorization endpoint" (RFC 8414, 2):
        # here the challenge endpoint replaces it, but the model only looks at the name of the grant.
        if key != "authorization_endpoint":
            getattr(metadata, f"validate_{key}")()
    assert metadata.code_challenge_methods_supported == ["S256"]
    assert metadata.issuer == origin


def test_independent_client_signs_in_and_reads_the_account(client: OAuth2Session, origin: str) -> None:
    assert sign_in(client)["scope"] == EVERYTHING
    assert client.get(f"{origin}/v1/me").json()["displayName"] == "Camille"


def test_independent_client_with_another_verifier_gets_no_tokens(client: OAuth2Session) -> None:
    with pytest.raises(OAuthError, match="invalid_grant"):
        sign_in(client, verifier="another" * 7)


def test_independent_client_renews_and_token_reuse_ends_its_session(
    client: OAuth2Session, origin: str, time: Clock
) -> None:
    first = sign_in(client)
    time.advance(minutes=6)
    client.token = first | {"expires_at": 0}  # the client uses the system clock
    assert client.get(f"{origin}/v1/me").status_code == 200
    second = dict(client.token)
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    time.advance(seconds=11)
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh_token(client.metadata["token_endpoint"], refresh_token=first["refresh_token"])
    client.token = second
    assert client.get(f"{origin}/v1/me").status_code == 401


def test_independent_client_revokes_its_session(client: OAuth2Session, origin: str) -> None:
    refresh_token = sign_in(client)["refresh_token"]
    endpoint = client.metadata["revocation_endpoint"]
    assert client.revoke_token(endpoint, refresh_token, "refresh_token").status_code == 200
    assert client.get(f"{origin}/v1/me").status_code == 401
