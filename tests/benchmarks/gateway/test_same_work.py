"""The Envoy that does the gateway's work: its filters, refusals and log.

The services behind it do not run, so each refusal is Envoy's own.
"""

import contextlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.envoy.configuration import SocketAddress, make_configuration
from deploy.envoy.program import Envoy
from gateway.contracts.descriptors import load_bundled
from services.users.adapters import TokenSigner
from tests.benchmarks.gateway.admission import ask, check_log, check_refusals, make_token
from tests.benchmarks.gateway.same_work import FIELDS, make_access_log, make_filters
from tests.differential.worlds import free_port

GET_USER = "/libral.users.v1.UserService/GetUser"
LOGIN = "/libral.users.v1.AuthService/Login"


@pytest.fixture(scope="module")
def contracts():
    return load_bundled()


@pytest.fixture(scope="module")
def signer():
    return TokenSigner(Ed25519PrivateKey.generate())


@pytest.fixture(scope="module")
def jwks(signer):
    key = {"kty": "OKP", "crv": "Ed25519", "x": signer.public, "kid": signer.key_id}
    return json.dumps({"keys": [key | {"use": "sig", "alg": "EdDSA"}]})


@contextlib.contextmanager
def running_envoy(contracts, **extensions):
    listen = SocketAddress("127.0.0.1", free_port())
    targets = {method.package: "127.0.0.1:1" for method in contracts.methods}
    with Envoy(make_configuration(contracts, listen, targets, **extensions), listen, 1):
        yield listen.port


def test_verification_asks_for_a_token_but_for_public_methods(contracts, jwks):
    verification = make_filters(contracts, jwks)[0]["typed_config"]
    *public, required = verification["rules"]
    assert {"match": {"path": LOGIN}} in public
    assert {"match": {"path": GET_USER}} not in public
    assert required == {"match": {"prefix": "/"}, "requires": {"provider_name": "mesh"}}
    (provider,) = verification["providers"].values()
    assert provider["local_jwks"] == {"inline_string": jwks}
    assert provider["forward"]


def test_enforcement_admits_the_roles_and_the_scope_of_each_rule(contracts, jwks):
    policies = make_filters(contracts, jwks)[1]["typed_config"]["rules"]["policies"]
    (policy,) = [each for each in policies.values() if path_of(GET_USER) in each["permissions"]]
    assert [claim_of(each) for each in policy["principals"]] == [
        ("roles", "ADMIN"),
        ("roles", "OPERATOR"),
        ("roles", "SERVICE"),
        ("roles", "VIEWER"),
        ("scopes", "users.read"),
    ]
    assert path_of(LOGIN) in policies["public"]["permissions"]
    assert policies["public"]["principals"] == [{"any": True}]


def test_enforcement_names_each_method_once(contracts, jwks):
    policies = make_filters(contracts, jwks)[1]["typed_config"]["rules"]["policies"]
    paths = [
        each["url_path"]["path"]["exact"]
        for policy in policies.values()
        for each in policy["permissions"]
    ]
    assert sorted(paths) == sorted(each.path for each in contracts.methods if each.bindings)


def path_of(method):
    return {"url_path": {"path": {"exact": method}}}


def claim_of(principal):
    matcher = principal["sourced_metadata"]["metadata_matcher"]
    _, claim = (step["key"] for step in matcher["path"])
    return claim, matcher["value"]["list_match"]["one_of"]["string_match"]["exact"]


def test_refuses_admits_and_logs(contracts, jwks, signer, tmp_path):
    log = tmp_path / "access.log"
    extensions = {"filters": make_filters(contracts, jwks), "access_log": make_access_log(log)}
    with running_envoy(contracts, **extensions) as port:
        check_refusals("Envoy", port, signer, with_messages=True)
        assert ask(port, make_token(signer, "ADMIN")).status_code == 503
    # Envoy flushes its log on exit.
    check_log(log, [401, 403, 401, 503], set(FIELDS))


def test_the_check_fails_without_the_filters(contracts, signer):
    with (
        running_envoy(contracts) as port,
        pytest.raises(SystemExit, match="Envoy does not do the measured work"),
    ):
        check_refusals("Envoy", port, signer, with_messages=True)


def test_the_check_of_the_log_fails_without_a_field(tmp_path):
    log = tmp_path / "access.log"
    log.write_text(json.dumps(dict.fromkeys(FIELDS, "") | {"status": 200}) + "\n")
    check_log(log, [200], set(FIELDS))
    with pytest.raises(SystemExit, match="Envoy logs"):
        check_log(log, [200], {*FIELDS, "caller"})
    with pytest.raises(SystemExit, match=r"statuses \[200\] in place of \[401\]"):
        check_log(log, [401], set(FIELDS))
