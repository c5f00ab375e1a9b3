"""Operators, who create and change users over REST."""

from typing import Any
from uuid import uuid4

from tests.faults.client import AWAY_STATUSES, Client
from tests.faults.history import History, Operation
from tests.faults.pace import Pace
from tests.faults.workload.worker import Worker

CHANGES_MAX = 4
EVENTS = 2
ABORTED = 409


class Operator(Worker):
    """Creates a user and changes it a few times, in order: the key is the user's login."""

    def __init__(
        self, seed: str, number: int, client: Client, history: History, pace: Pace
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
            status, answer = await self.client.call("POST", path, body, request=request)
            if status == 200:
                operation.values |= {"name": answer["name"], "request": request}
                self.history.acknowledge(operation)
                return answer
            await self._again(operation, status, answer)

    async def _update(self, login: str, user: dict[str, Any], name: str) -> dict[str, Any]:
        """Changes a user, under its etag so that it takes effect once."""
        await self.pace.turn(EVENTS)
        body = {"displayName": name, "etag": user["etag"]}
        path = f"/v1/{user['name']}?updateMask=displayName"
        operation = self.history.begin(login, "update", name=user["name"], displayName=name)
        while True:
            request = str(uuid4())
            status, answer = await self.client.call("PATCH", path, body, request=request)
            if status == 200:
                operation.values["request"] = request
                self.history.acknowledge(operation)
                return answer
            if status == ABORTED and (found := await self._look(operation, user["name"], name)):
                return found
            if status != ABORTED:
                await self._again(operation, status, answer)

    async def _look(self, operation: Operation, user: str, name: str) -> dict[str, Any] | None:
        """An etag that is taken means that a try before took effect: looks whether it did."""
        status, answer = await self.client.call("GET", f"/v1/{user}")
        if status == 200 and answer["displayName"] == name:
            self.history.acknowledge(operation, "found")
            return dict(answer)
        if status == 200:
            self.history.surprise(operation.key, f"{user} is {answer} and not {name}")
        await self._again(operation, status, answer)
        return None

    async def _again(self, operation: Operation, status: int, answer: Any) -> None:
        self.history.tried(operation, f"{status} {reason_of(answer)}")
        if status not in AWAY_STATUSES | {0, 200}:
            self.history.surprise(operation.key, f"{operation.kind}: {status} {answer}")
        await self.wait_to_retry()


def reason_of(answer: Any) -> str:
    if isinstance(answer, dict) and "error" in answer:
        details = answer["error"].get("details", [])
        return next((one["reason"] for one in details if "reason" in one), "?")
    return str(answer)[:60]
