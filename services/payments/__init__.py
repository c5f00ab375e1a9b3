"""The payments service owns payments and the double-entry ledger behind them.

It guarantees that a charge is recorded once, also if it is reported repeatedly, that every journal
sums to zero, that entries never change, and that money is whole minor units of its currency.
"""
