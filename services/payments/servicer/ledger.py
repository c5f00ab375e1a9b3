"""LedgerService."""

from libral.payments.v1 import payments_pb2, payments_pb2_grpc

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import NotFoundError, invalid
from services.kernel.messages import decode_token, encode_token, page_size
from services.payments import storage
from services.payments.servicer.messages import (
    Context,
    account_message,
    entry_message,
    money,
    read_time,
    stamp,
)


class LedgerServicer(payments_pb2_grpc.LedgerServiceServicer):
    """Serves accounts and their entries."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def ListAccounts(
        self, request: payments_pb2.ListAccountsRequest, context: Context
    ) -> payments_pb2.ListAccountsResponse:
        size, cursor = page_size(request), decode_token(request, 1)
        after = str(cursor[0]) if cursor else ""
        async with self._database.reading() as connection:
            accounts = await storage.list_accounts(connection, after, size + 1)
        response = payments_pb2.ListAccountsResponse(accounts=map(account_message, accounts[:size]))
        if len(accounts) > size:
            response.next_page_token = encode_token(request, [accounts[size - 1].code])
        return response

    async def GetAccountBalance(
        self, request: payments_pb2.GetAccountBalanceRequest, context: Context
    ) -> payments_pb2.AccountBalance:
        until = read_time(request, "as_of") or self._clock.now()
        async with self._database.reading() as connection:
            account = await storage.find_account(connection, parse_name(request.name, "name"))
            if account is None:
                raise NotFoundError("account", request.name)
            debits, credits_ = await storage.sum_entries(connection, account.code, until)
        return payments_pb2.AccountBalance(
            account=request.name,
            balance=money(debits - credits_, account.currency),
            debits=money(debits, account.currency),
            credits=money(credits_, account.currency),
            as_of=stamp(until),
        )

    async def ListEntries(
        self, request: payments_pb2.ListEntriesRequest, context: Context
    ) -> payments_pb2.ListEntriesResponse:
        size, cursor = page_size(request), decode_token(request, 1)
        before = int(cursor[0]) if cursor else None
        async with self._database.reading() as connection:
            account = await storage.find_account(connection, parse_name(request.parent, "parent"))
            if account is None:
                raise NotFoundError("account", request.parent)
            entries = await storage.list_entries(connection, account.code, before, size + 1)
        response = payments_pb2.ListEntriesResponse(
            entries=[entry_message(one, account.currency) for one in entries[:size]]
        )
        if len(entries) > size:
            response.next_page_token = encode_token(request, [entries[size - 1].id])
        return response


def parse_name(name: str, field: str) -> str:
    collection, _, code = name.partition("/")
    if collection != "accounts" or not code:
        raise invalid(field, "It must be accounts/{account}.")
    return code
