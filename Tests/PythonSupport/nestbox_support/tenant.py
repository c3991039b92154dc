"""A tenant of a test's own."""

import json
import secrets

import e2b
import e2b_code_interpreter
import httpx


class Tenant:
    """A tenant with a key and no sandboxes yet."""

    def __init__(self, server):
        self.name = "t-" + secrets.token_hex(4)
        made = server.command("key", "create", "--data", server.data, "--tenant", self.name, "--json")
        self.key = json.loads(made.stdout)["key"]
        self.api = httpx.Client(
            base_url=server.url, headers={"X-API-KEY": self.key}, timeout=60, trust_env=False
        )

    def create(self, **options):
        return e2b.Sandbox.create(**{"timeout": 300, "api_key": self.key} | options)

    def create_interpreter(self, **options):
        return e2b_code_interpreter.Sandbox.create(**{"timeout": 300, "api_key": self.key} | options)

    def listed(self):
        return [one["sandboxID"] for one in self.api.get("/v2/sandboxes").json()]

    def remove(self):
        """Ends what it made."""
        for sandbox_id in self.listed():
            self.api.delete(f"/sandboxes/{sandbox_id}")
        self.api.close()
