"""The three ways in which an unmodified client finds the server: a plain port, TLS by name, a CONNECT proxy."""

import json
import pathlib
import socket
import ssl
import subprocess
import sys

import httpx
import pytest

from nestbox_support.waiting import eventually

CONVERSATION = pathlib.Path(__file__).parent / "conversation.py"


def by_tls(environment, host, **options):
    """A client that speaks TLS to the server's one port and names `host`."""
    context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    client = httpx.Client(verify=context, trust_env=False, timeout=30, **options)
    port = environment["E2B_DOMAIN"].rsplit(":", 1)[1]

    def request(method, path, headers=None, **rest):
        return client.request(
            method,
            f"https://127.0.0.1:{port}{path}",
            headers={"Host": host} | (headers or {}),
            extensions={"sni_hostname": host.split(":")[0]},
            **rest,
        )

    return request


@pytest.fixture(scope="module")
def tls(environment_for):
    return environment_for("tls")


@pytest.fixture(scope="module")
def proxy(environment_for):
    return environment_for("proxy")


@pytest.mark.parametrize("client", ["plain", "tls", "proxy"])
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_whole_conversation_succeeds(environment_for, client, version):
    environment = environment_for(client) | {"E2B_HTTP_VERSION": version}
    run = subprocess.run([sys.executable, CONVERSATION], env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["sync"] == ["over the wire", "in and out", "true\n", "1", True, "over the wire"]
    assert said["async"] == [str(number) for number in range(20)]


class TestEnvironment:
    def test_plain_names_one_url_for_everything(self, server, environment_for):
        environment = environment_for("plain")
        assert {environment[name] for name in ("E2B_API_URL", "E2B_SANDBOX_URL", "E2B_VOLUME_API_URL")} == {server.url}
        assert environment["E2B_API_KEY"].startswith("e2b_")

    def test_tls_names_a_domain_below_localhost_and_a_certificate(self, tls):
        assert tls["E2B_DOMAIN"].split(":")[0].endswith(".localhost")
        assert "BEGIN CERTIFICATE" in pathlib.Path(tls["SSL_CERT_FILE"]).read_text()
        assert "PRIVATE" not in pathlib.Path(tls["SSL_CERT_FILE"]).read_text()

    def test_proxy_names_a_domain_a_certificate_and_the_proxy(self, proxy, server):
        assert proxy["HTTPS_PROXY"] == server.url
        assert {"E2B_DOMAIN", "SSL_CERT_FILE", "E2B_API_KEY"} <= set(proxy)

    @pytest.mark.parametrize("client", ["plain", "tls", "proxy"])
    def test_each_line_is_an_export(self, server, client):
        lines = server.command("env", "--data", server.data, "--client", client).stdout.splitlines()
        assert lines and all(line.startswith("export ") or line.startswith("unset ") for line in lines)

    def test_plain_is_the_default(self, server):
        default = server.command("env", "--data", server.data).stdout
        assert default == server.command("env", "--data", server.data, "--client", "plain").stdout


class TestTLS:
    @pytest.mark.parametrize("http2,version", [(False, "HTTP/1.1"), (True, "HTTP/2")])
    def test_both_versions_of_http_are_offered(self, tls, http2, version):
        request = by_tls(tls, f"api.{tls['E2B_DOMAIN']}", http2=http2)
        response = request("GET", "/v2/sandboxes", {"X-API-KEY": tls["E2B_API_KEY"]})
        assert (response.status_code, response.http_version) == (200, version)

    @pytest.mark.parametrize("http2", [False, True])
    def test_a_host_name_routes_to_envd(self, tls, box, http2):
        request = by_tls(tls, f"49983-{box.sandbox_id}.{tls['E2B_DOMAIN']}", http2=http2)
        assert request("GET", "/health").status_code == 204
        listed = request(
            "POST",
            "/process.Process/List",
            {"X-Access-Token": box._envd_access_token, "Content-Type": "application/json"},
            content=b"{}",
        )
        assert listed.status_code == 200

    @pytest.mark.parametrize("http2", [False, True])
    def test_a_host_name_routes_to_a_port(self, tls, box, http2):
        box.commands.run("python3 -m http.server 8400 --directory /etc", background=True, timeout=0)
        request = by_tls(tls, f"8400-{box.sandbox_id}.{tls['E2B_DOMAIN']}", http2=http2)
        eventually(lambda: request("GET", "/hostname").status_code == 200, "the web server")
        assert request("GET", "/hostname").text == box.files.read("/etc/hostname")

    def test_an_unknown_sandboxs_name_is_502(self, tls):
        request = by_tls(tls, f"49983-i0123456789abcdefghi.{tls['E2B_DOMAIN']}")
        response = request("GET", "/health")
        assert response.status_code == 502
        assert "was not found" in response.json()["message"]

    def test_a_name_that_is_not_the_servers_gets_no_valid_certificate(self, tls):
        context = ssl.create_default_context(cafile=tls["SSL_CERT_FILE"])
        port = int(tls["E2B_DOMAIN"].rsplit(":", 1)[1])
        with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            context.wrap_socket(raw, server_hostname="example.com")


class TestProxy:
    def connect(self, proxy, target, then=None):
        """The answer to CONNECT, in bytes."""
        host, port = proxy["HTTPS_PROXY"].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            return connection.recv(4096)

    def test_a_port_is_reached_by_its_public_name(self, proxy, box):
        box.commands.run("python3 -m http.server 8401 --directory /etc", background=True, timeout=0)
        context = ssl.create_default_context(cafile=proxy["SSL_CERT_FILE"])
        with httpx.Client(proxy=proxy["HTTPS_PROXY"], verify=context, trust_env=False) as client:
            url = f"https://8401-{box.sandbox_id}.{proxy['E2B_DOMAIN']}/hostname"
            eventually(lambda: client.get(url).status_code == 200, "the web server")
            assert client.get(url).text == box.files.read("/etc/hostname")

    def test_signed_urls_work_by_it(self, proxy):
        code = (
            "import e2b, httpx\nwith e2b.Sandbox.create(timeout=60) as s:\n    s.files.write('f', 'signed')\n"
            "    print(httpx.get(s.download_url('f')).text)"
        )
        run = subprocess.run([sys.executable, "-c", code], env=proxy, capture_output=True, text=True, timeout=60)
        assert run.stdout == "signed\n", run.stderr

    @pytest.mark.parametrize(
        "target",
        [
            "example.com:443",
            "127.0.0.1:22",
            "localhost:443",
            "169.254.169.254:80",
            "[::1]:443",
            "sbx.test.example.com:443",
            "..:443",
            ":443",
            "x" * 5000 + ":443",
            "nonsense",
        ],
    )
    def test_it_leads_to_nothing_but_the_server_itself(self, proxy, target):
        status = self.connect(proxy, target).split(b" ")[1]
        assert status in (b"400", b"403", b"404", b"405", b"414", b"431"), status

    def test_it_takes_names_of_its_domain(self, proxy):
        assert self.connect(proxy, f"api.{proxy['E2B_DOMAIN']}:443").split(b" ")[1] == b"200"
