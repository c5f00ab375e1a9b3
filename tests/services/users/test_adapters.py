from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.users.adapters import Passwords, TokenSigner, thumbprint


async def test_a_hash_matches_its_password_only():
    passwords = Passwords()
    hashed = await passwords.hash_password("a long password")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != await passwords.hash_password("a long password")
    assert await passwords.verify_password(hashed, "a long password")
    assert not await passwords.verify_password(hashed, "a long passwore")
    assert not await passwords.verify_password("no hash", "a long password")


async def test_no_password_matches_an_account_without_one():
    assert not await Passwords().verify_password(None, "an account that is not there")


def test_a_token_is_verified_with_the_published_key():
    signer = TokenSigner(Ed25519PrivateKey.generate())
    now = datetime.now(UTC).replace(microsecond=0)
    access = signer.sign_token("users/1", now, roles=["ADMIN"])
    key = jwt.PyJWK({"kty": "OKP", "crv": "Ed25519", "x": signer.public, "alg": "EdDSA"})
    claims = jwt.decode(access.token, key, algorithms=["EdDSA"], issuer="libral")
    assert (claims["sub"], claims["roles"]) == ("users/1", ["ADMIN"])
    assert access.expire_time == now + timedelta(minutes=15)
    assert claims["exp"] == access.expire_time.timestamp()
    assert jwt.get_unverified_header(access.token)["kid"] == signer.key_id


def test_the_thumbprint_is_that_of_rfc_8037():
    """The example of appendix A.3."""
    public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
