"""LedgerService."""

from libral.payments.v1 import payments_pb2, payments_pb2_grpc

from services.kernel.messages import PageRequest, parse_name, read_timestamp
from services.payments.service.ledger import LedgerService
from services.payments.servicer.messages import (
    Context,
    account_message,
    balance_message,
    entry_message,
)

ACCOUNTS = "accounts"


class LedgerServicer(payments_pb2_grpc.LedgerServiceServicer):
    """Serves accounts and their entries."""

    def __init__(self, service: LedgerService) -> None:
        self._service = service

    async def ListAccounts(
        self, request: payments_pb2.ListAccountsRequest, context: Context
    ) -> payments_pb2.ListAccountsResponse:
        page = PageRequest(request, str)
        after = page.cursor[0] if page.cursor else ""
        found = await self._service.list_accounts(after, page.limit)
        accounts, token = page.split_page(found, lambda one: (one.code,))
        return payments_pb2.ListAccountsResponse(
            accounts=map(account_message, accounts), next_page_token=token
        )

    async def GetAccountBalance(
        self, request: payments_pb2.GetAccountBalanceRequest, context: Context
    ) -> payments_pb2.AccountBalance:
        as_of = read_timestamp(request, "as_of")
        code = parse_name(request.name, ACCOUNTS)
        return balance_message(await self._service.read_balance(code, as_of))

    async def ListEntries(
        self, request: payments_pb2.ListEntriesRequest, context: Context
    ) -> payments_pb2.ListEntriesResponse:
        page = PageRequest(request, int)
        before = page.cursor[0] if page.cursor else None
        code = parse_name(request.parent, ACCOUNTS, "parent")
        account, found = await self._service.list_entries(code, before, page.limit)
        entries, token = page.split_page(found, lambda one: (one.id,))
        return payments_pb2.ListEntriesResponse(
            entries=[entry_message(one, account.currency) for one in entries],
            next_page_token=token,
        )
