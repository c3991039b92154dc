"""TLS with a certificate that the operator brings."""

import socket
import ssl
import subprocess

import pytest

from nestbox_support.server import Server

NAMES = "DNS:sbx.localhost,DNS:*.sbx.localhost,DNS:localhost"
KINDS = {"EC": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "RSA": ["-newkey", "rsa:2048"]}


@pytest.fixture
def operator():
    """A server without a certificate yet."""
    server = Server()
    yield server
    server.remove()


def make_certificate(server, name="own", kind="EC"):
    """A certificate that signs itself, and its key, which only root may read."""
    certificate, key = server.directory / f"{name}.pem", server.directory / f"{name}.key"
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=operator", "-addext"]
    command += [f"subjectAltName={NAMES}", "-keyout", key, "-out", certificate, *KINDS[kind]]
    subprocess.run(command, check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


def handshake(server, trusted):
    context = ssl.create_default_context(cafile=trusted)
    port = int(server.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname="api.sbx.localhost") as connection:
            return dict(field[0] for field in connection.getpeercert()["subject"])["commonName"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_operators_certificate_is_what_clients_see(operator, kind):
    certificate, key = make_certificate(operator, kind=kind)
    operator.start("--tls-certificate", certificate, "--tls-key", key)
    assert handshake(operator, certificate) == "operator"


def test_clients_are_told_of_no_authority_but_the_one_that_signs(operator):
    operator.start()
    authority = operator.environment("tls")["SSL_CERT_FILE"]
    assert handshake(operator, authority) == "sbx.localhost"
    operator.stop()
    certificate, key = make_certificate(operator)
    operator.start("--tls-certificate", certificate, "--tls-key", key)
    assert "SSL_CERT_FILE" not in operator.environment("tls") | operator.environment("proxy")
    assert not (operator.data / "ca.pem").read_bytes()
    operator.stop()
    operator.start()
    assert handshake(operator, authority) == "sbx.localhost"


def no_file(server, certificate, key):
    return server.directory / "nowhere", key


def no_certificate(server, certificate, key):
    return key, key


def anothers_key(server, certificate, key):
    return certificate, make_certificate(server, "other")[1]


def public_key_file(server, certificate, key):
    key.chmod(0o644)
    return certificate, key


def key_behind_a_password(server, certificate, key):
    locked = server.directory / "locked.key"
    command = ["openssl", "pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", "pass:secret"]
    subprocess.run(command, check=True, capture_output=True)
    locked.chmod(0o600)
    return certificate, locked


@pytest.mark.parametrize(
    "break_, words",
    [
        (no_file, "nowhere: "),
        (no_certificate, "own.key: does not begin with a certificate"),
        (anothers_key, "other.key: is not the key of"),
        (public_key_file, "own.key: has mode 644"),
        (key_behind_a_password, "locked.key: holds no key that can be used"),
    ],
)
def test_what_does_not_fit_is_said_at_the_start(operator, break_, words):
    certificate, key = break_(operator, *make_certificate(operator))
    with pytest.raises(AssertionError, match="before it was ready"):
        operator.start("--tls-certificate", certificate, "--tls-key", key)
    assert words in operator.log


def test_a_certificate_without_its_key_is_refused(operator):
    with pytest.raises(AssertionError, match="before it was ready"):
        operator.start("--tls-certificate", "/nowhere")
    assert "tls-certificate: needs tls-key beside it" in operator.log
