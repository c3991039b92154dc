"""The code interpreter's wire by hand: what it says event by event, and what it answers to what no client sends."""

import json
import threading
import urllib.parse

import httpx
import pytest

from nestbox_support.interpreter import assert_well, of_type, text
from nestbox_support.wire import Envd

NOT_THERE = "00000000-0000-4000-8000-000000000000"
# FastAPI, which answers E2B's, says 422 where the shape is wrong.
REFUSED = (400, 422)


@pytest.fixture(scope="module")
def wire(notebook, server):
    from nestbox_support.interpreter import InterpreterWire

    with InterpreterWire(server, notebook.sandbox_id, notebook._envd_access_token) as client:
        yield client


class TestEvents:
    def test_a_run_is_its_number_what_it_says_and_its_end(self, wire):
        events = wire.run("print('out')\n'result'")
        assert [event["type"] for event in of_type(events, "number_of_executions", "stdout", "result")] == [
            "number_of_executions",
            "stdout",
            "result",
        ]
        assert events[-1] == {"type": "end_of_execution"}

    def test_an_error_has_its_three_texts(self, wire):
        (error,) = of_type(wire.run("1 / 0"), "error")
        assert {type(error[field]) for field in ("name", "value", "traceback")} == {str}

    def test_absent_forms_of_a_result_are_left_out_or_null(self, wire):
        (result,) = of_type(wire.run("1"), "result")
        assert (result["text"], result["is_main_result"]) == ("1", True)
        assert all(
            value in (None, {}) for name, value in result.items() if name not in ("type", "text", "is_main_result")
        )

    def test_the_fields_may_be_left_out(self, wire):
        response = wire.post("/execute", json={"code": "print('short')"})
        assert response.status_code == 200
        assert "short" in response.text

    def test_unknown_fields_do_no_harm(self, wire):
        assert text(wire.run("print('fine')", of_tomorrow=1)) == "fine\n"

    @pytest.mark.parametrize("name", ["js", "JS", "Javascript", "bash", "BASH", "ts", "TypeScript"])
    def test_languages_are_named_in_any_case(self, wire, name):
        assert not of_type(wire.run("true", language=name), "error")


class TestHealth:
    def test_it_is_well_for_anybody(self, server, notebook):
        with Envd(server, notebook.sandbox_id, None, port=49999) as client:
            response = client.get("/health")
        assert response.status_code == 200

    def test_it_is_well_while_a_cell_runs(self, notebook, kernels, wire):
        begun = threading.Event()
        code = "import time\nprint('begun', flush=True)\ntime.sleep(1)"
        runner = threading.Thread(target=lambda: notebook.run_code(code, on_stdout=lambda _: begun.set()))
        runner.start()
        assert begun.wait(30)
        assert wire.get("/health").status_code == 200
        runner.join()


class TestRefusals:
    def test_an_unknown_context_is_not_found_in_plain_words(self, wire):
        for response in (
            wire.execute("1", context_id=NOT_THERE),
            wire.post(f"/contexts/{NOT_THERE}/restart"),
            wire.delete(f"/contexts/{NOT_THERE}"),
        ):
            assert (response.status_code, response.text) == (404, f"Context {NOT_THERE} not found")

    @pytest.mark.parametrize("id", ["../../etc/passwd", "..", "a/b", "x" * 5000, "\0", "é", "default%2f.."])
    def test_an_id_is_never_a_path(self, wire, id):
        assert wire.execute("1", context_id=id).status_code in (400, 404, 422)
        assert wire.delete("/contexts/" + urllib.parse.quote(id, safe="")).status_code in (400, 404, 405, 414, 422)

    def test_context_and_language_together_are_refused(self, wire):
        context = wire.post("/contexts", json={}).json()["id"]
        response = wire.execute("1", context_id=context, language="python")
        assert response.status_code == 400
        assert "context" in response.text.lower() and "language" in response.text.lower()
        assert wire.delete(f"/contexts/{context}").status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b'"code"',
            b"{}",
            b'{"code": null}',
            b'{"code": 7}',
            b'{"code": "1", "env_vars": []}',
            b'{"code": "1", "env_vars": {"A": 1}}',
            b'{"code": "1", "env_vars": {"A=B": "c"}}',
            b'{"code": "1", "env_vars": {"": "c"}}',
            b'{"code": "1", "env_vars": {"A": "nul\\u0000"}}',
            b'{"code": "1", "language": 7}',
            b'{"code": "1", "context_id": 7}',
            b'{"code": "\xff"}',
            b"[" * 100_000,
        ],
        ids=lambda body: body[:40].decode("latin-1") or "nothing",
    )
    def test_a_body_of_another_shape_is_refused(self, wire, body):
        response = wire.post("/execute", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in REFUSED

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"cwd": 7}', b'{"language": []}', b'{"cwd": "/a\\u0000"}'])
    def test_a_context_of_another_shape_is_refused(self, wire, body):
        response = wire.post("/contexts", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in REFUSED

    def test_code_beyond_the_limit_is_refused(self, wire):
        body = json.dumps({"code": "#" * (64 << 20)})
        try:
            response = wire.post("/execute", content=body, headers={"Content-Type": "application/json"})
        except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            return  # it did not wait for all of it
        assert response.status_code in (400, 413)

    def test_code_within_the_limit_is_run(self, wire):
        assert text(wire.run("#" * (8 << 20) + "\nprint('ran')")) == "ran\n"

    @pytest.mark.parametrize("method,path", [("GET", "/execute"), ("PUT", "/contexts"), ("GET", "/"), ("GET", "/envs")])
    def test_what_is_not_there_is_not_there(self, wire, method, path):
        assert wire.request(method, path).status_code in (404, 405)

    @pytest.mark.parametrize("token", [None, "", "wrong", "x" * 5000])
    def test_running_code_needs_the_sandboxes_token(self, notebook, kernels, token):
        response = kernels(notebook, token=token).execute("open('/tmp/intruded', 'w')")
        assert response.status_code in (401, 403)
        assert not notebook.files.exists("/tmp/intruded")

    def test_the_token_of_another_sandbox_is_none(self, notebook, new_interpreter, kernels):
        other = new_interpreter()
        assert kernels(notebook, token=other._envd_access_token).execute("1").status_code in (401, 403)

    def test_a_sandbox_that_is_not_there_is_told_from_one_that_is(self, server):
        with Envd(server, "inotthere0000000000", "x", port=49999) as client:
            assert client.post("/execute", json={"code": "1"}).status_code == 502

    def test_a_sandbox_without_an_interpreter_says_so(self, box, kernels):
        response = kernels(box).execute("1")
        assert 400 <= response.status_code < 600 and response.status_code != 500

    def test_after_all_of_that_it_is_well(self, notebook):
        assert_well(notebook)


class TestContexts:
    def test_a_context_is_its_id_language_and_directory(self, wire):
        made = wire.post("/contexts", json={"cwd": "/tmp", "language": "python"})
        assert made.status_code == 200
        assert made.json().keys() == {"id", "language", "cwd"}
        assert made.json() in wire.get("/contexts").json()
        assert wire.post(f"/contexts/{made.json()['id']}/restart").status_code == 200
        assert wire.delete(f"/contexts/{made.json()['id']}").status_code == 200

    def test_the_clients_way_without_a_token_works(self, notebook, kernels):
        """The official client sends none to `/contexts`."""
        assert kernels(notebook, token=None).get("/contexts").status_code == 200

    def test_there_is_an_end_to_how_many_there_are(self, new_interpreter, kernels):
        client = kernels(new_interpreter())
        codes = []
        while len(codes) < 300 and (not codes or codes[-1] == 200):
            codes.append(client.post("/contexts", json={"language": "bash"}).status_code)
        assert codes[-1] in (400, 409, 429, 503)
