"""The payments room owns payments and the double-entry ledger behind them.

It promises that a charge is recorded once however often it is told of, that
every journal sums to zero, that entries never change, and that money is whole
minor units of its own currency.
"""
