"""Lost connections, and TLS."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.http.errors import StatusError
from gateway.upstream.pool import make_upstream
from tests.gateway.upstream.servers import Server, call


async def test_a_server_that_comes_back(upstream, server):
    await upstream.unary(call("Echo", b"1"))
    port = server.port
    await server.stop()
    server_again = Server(server.engine)
    await server_again.start(port)
    codes = []
    for _ in range(50):
        try:
            assert (await upstream.unary(call("Echo", b"2"))).content == b"2"
        except StatusError as error:
            codes.append(error.code)
            await asyncio.sleep(0.1)
        else:
            break
    assert set(codes) <= {14}
    assert len(codes) < 20
    await server_again.stop()


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "ca.pem"
    path.write_bytes(public)
    return path, private, public


async def test_tls(certificate, monkeypatch):
    path, private, public = certificate
    server = Server("grpcio")
    server.server = grpc.aio.server()
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(server.echo)}
    server.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("t.T", handlers)])
    credentials = grpc.ssl_server_credentials([(private, public)])
    port = server.server.add_secure_port("localhost:0", credentials)
    await server.server.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    upstream = make_upstream("t", f"https://localhost:{port}")
    assert (await upstream.unary(call("Echo", b"a"))).content == b"a"
    await upstream.close()
    monkeypatch.delenv("SSL_CERT_FILE")
    distrustful = make_upstream("t", f"https://localhost:{port}")
    with pytest.raises(StatusError) as caught:
        await distrustful.unary(call("Echo", b"a"))
    assert caught.value.code == 14
    await distrustful.close()
    assert ssl.HAS_ALPN
    await server.stop()
