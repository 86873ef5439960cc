"""Noting which bots are there."""

from botbus_storage.operations import SeeBot, SeenBot
from botbus_storage.writing.messages import add_bot
from botbus_storage.writing.transaction import Transaction


def see_bot(tx: Transaction, op: SeeBot) -> SeenBot:
    bot = tx.bots.find(tx.connection, op.name) or add_bot(tx, op.name)
    bot = tx.bots.see(tx.connection, bot, tx.now)
    return SeenBot(id=bot.id, name=bot.name)
