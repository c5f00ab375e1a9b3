"""LedgerService."""

from libral.payments.v1 import payments_pb2, payments_pb2_grpc

from services.kernel.errors import invalid
from services.kernel.messages import decode_token, encode_token, page_size
from services.payments.service.ledger import LedgerService
from services.payments.servicer.messages import (
    Context,
    account_message,
    balance_message,
    entry_message,
    read_time,
)


class LedgerServicer(payments_pb2_grpc.LedgerServiceServicer):
    """Serves accounts and their entries."""

    def __init__(self, service: LedgerService) -> None:
        self._service = service

    async def ListAccounts(
        self, request: payments_pb2.ListAccountsRequest, context: Context
    ) -> payments_pb2.ListAccountsResponse:
        size, cursor = page_size(request), decode_token(request, 1)
        after = str(cursor[0]) if cursor else ""
        accounts = await self._service.list_accounts(after, size + 1)
        response = payments_pb2.ListAccountsResponse(accounts=map(account_message, accounts[:size]))
        if len(accounts) > size:
            response.next_page_token = encode_token(request, [accounts[size - 1].code])
        return response

    async def GetAccountBalance(
        self, request: payments_pb2.GetAccountBalanceRequest, context: Context
    ) -> payments_pb2.AccountBalance:
        as_of = read_time(request, "as_of")
        code = account_code(request.name, "name")
        return balance_message(await self._service.read_balance(code, as_of))

    async def ListEntries(
        self, request: payments_pb2.ListEntriesRequest, context: Context
    ) -> payments_pb2.ListEntriesResponse:
        size, cursor = page_size(request), decode_token(request, 1)
        before = int(cursor[0]) if cursor else None
        code = account_code(request.parent, "parent")
        account, entries = await self._service.list_entries(code, before, size + 1)
        response = payments_pb2.ListEntriesResponse(
            entries=[entry_message(one, account.currency) for one in entries[:size]]
        )
        if len(entries) > size:
            response.next_page_token = encode_token(request, [entries[size - 1].id])
        return response


def account_code(name: str, field: str) -> str:
    """Return the code in a resource name `accounts/{account}`.

    Raises:
        InvalidArgumentError: `name`, the value of `field`, is no such name.
    """
    collection, _, code = name.partition("/")
    if collection != "accounts" or not code:
        raise invalid(field, "It must be accounts/{account}.")
    return code
