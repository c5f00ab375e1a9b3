"""Operators that create and change users over REST."""

from typing import Any
from uuid import uuid4

from tests.faults.client import AWAY_STATUSES, FaultClient
from tests.faults.history import History, Operation
from tests.faults.pace import Pace
from tests.faults.workload.worker import WorkloadWorker

CHANGES_MAX = 4
EVENTS = 2
ABORTED = 409


class OperatorWorker(WorkloadWorker):
    """Creates a user and changes it a few times in order, keyed by the user's login."""

    def __init__(
        self, seed: str, number: int, client: FaultClient, history: History, pace: Pace
    ) -> None:
        super().__init__(seed, number, client, history, pace)
        self._made = 0

    async def work(self) -> None:
        self._made += 1
        login = f"operator{self.number}-{self._made}"
        user = await self._create(login)
        for change in range(1, self.rng.randint(1, CHANGES_MAX) + 1):
            if self._leaving:
                return
            user = await self._update(login, user, f"{login} {change}")

    async def _create(self, login: str) -> dict[str, Any]:
        await self.pace.turn(EVENTS)
        body = {"login": login, "displayName": f"{login} 0", "roles": ["USER"]}
        path = f"/v1/users?requestId={self.uuid()}"
        operation = self.history.begin(login, "create", displayName=body["displayName"])
        while True:
            request = str(uuid4())
            status, response = await self.client.call("POST", path, body, request=request)
            if status == 200:
                operation.values |= {"name": response["name"], "request": request}
                self.history.acknowledge(operation)
                return response
            await self._again(operation, status, response)

    async def _update(self, login: str, user: dict[str, Any], name: str) -> dict[str, Any]:
        """Change a user with its etag, so the change takes effect once."""
        await self.pace.turn(EVENTS)
        body = {"displayName": name, "etag": user["etag"]}
        path = f"/v1/{user['name']}?updateMask=displayName"
        operation = self.history.begin(login, "update", name=user["name"], displayName=name)
        while True:
            request = str(uuid4())
            status, response = await self.client.call("PATCH", path, body, request=request)
            if status == 200:
                operation.values["request"] = request
                self.history.acknowledge(operation)
                return response
            if status == ABORTED and (found := await self._look(operation, user["name"], name)):
                return found
            if status != ABORTED:
                await self._again(operation, status, response)

    async def _look(self, operation: Operation, user: str, name: str) -> dict[str, Any] | None:
        """After an etag conflict, check whether a previous attempt took effect."""
        status, response = await self.client.call("GET", f"/v1/{user}")
        if status == 200 and response["displayName"] == name:
            self.history.acknowledge(operation, "found")
            return dict(response)
        if status == 200:
            self.history.record_unexpected(operation.key, f"{user} is {response} and not {name}")
        await self._again(operation, status, response)
        return None

    async def _again(self, operation: Operation, status: int, response: Any) -> None:
        self.history.record_attempt(operation, f"{status} {reason_of(response)}")
        if status not in AWAY_STATUSES | {0, 200}:
            self.history.record_unexpected(operation.key, f"{operation.kind}: {status} {response}")
        await self.wait_to_retry()


def reason_of(response: Any) -> str:
    if isinstance(response, dict) and "error" in response:
        details = response["error"].get("details", [])
        return next((one["reason"] for one in details if "reason" in one), "?")
    return str(response)[:60]
