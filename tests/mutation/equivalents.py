"""Mutants that no test can notice, because they do the same; each was looked at, and says why."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A line of a module as it is, and as the mutant has it."""

    subject: str
    was: str
    became: str


_POLICY = "class DeliveryPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):"
_LAST = "last = max((entry.version for entry in entries if entry.row), default=0)"
_FAILED = "if not existed and database.exists() and database.stat().st_size == 0:"
_BEFORE = "if ups and ups[0].start() > cut.start():"

_NEWEST = "newest = self.fresh[-1].seq if self.fresh else 0"
_ANY = "elif any(message.seq == seq for message in self.fresh):"
_HELD = 'return [d for d in self.open.values() if d.holder is holder and d.state == "leased"]'
_SINCE = "self._settled_meanwhile = {s for s in self._settled_meanwhile if s > position}"
_UNDECIDED = 'if delivery.state != "settling" or self.open.get(delivery.seq) is not delivery:'
_TRIED = 'delivery.state == "ready" and delivery.attempts > 0'
_OVERTAKEN = "overtaken |= message.seq < newest"

EQUIVALENT: dict[Mutant, str] = {
    Mutant(subject, was, became): why
    for subject, was, became, why in [
        (
            "backoff",
            _POLICY,
            _POLICY.replace("frozen=True", "frozen=False"),
            "nobody assigns to it",
        ),
        (
            "backoff",
            _POLICY,
            _POLICY.replace("kw_only=True", "kw_only=False"),
            "nobody leaves names out",
        ),
        *(
            (
                "backoff",
                "doublings = min(attempts - 2, 60)",
                f"doublings = min(attempts - 2, {most})",
                "the bound only keeps the power finite: the limit is reached long before",
            )
            for most in (59, 61)
        ),
        (
            "statements",
            "start = _after_blank(text, 0)",
            "start = _after_blank(text, -1)",
            "a pattern begins at 0 where it is told to begin before",
        ),
        ("sections", _BEFORE, _BEFORE.replace(">", ">="), "two markers are never in one place"),
        ("sections", _BEFORE, _BEFORE.replace("ups[0]", "ups[ -1]"), "there is one by then"),
        ("sections", "cut = downs[0]", "cut = downs[ -1]", "there is one by then"),
        ("target", _FAILED, _FAILED.replace("==", "<="), "no size is below 0"),
        (
            "target",
            "if str(self.database) == MEMORY or (self.lock and self.lock.held):",
            "if str(self.database) is MEMORY or (self.lock and self.lock.held):",
            "pathlib keeps one object for each word of a path",
        ),
        (
            "target",
            "if str(database) != MEMORY:",
            "if str(database) is not MEMORY:",
            "so here",
        ),
        (
            "folder",
            'span = f"{first:04}" if first == last else f"{first:04} to {last:04}"',
            'span = f"{first:04}" if first >= last else f"{first:04} to {last:04}"',
            "the last is never below the first",
        ),
        (
            "folder",
            'if name.way == "up":',
            'if name.way >= "up":',
            "a way down is not loaded, and no way at all sorts before",
        ),
        *(
            ("mailbox", was, was.replace("*, ", "/, "), "its callers name what they give")
            for was in (
                "def settled(self, seq: int, *, ahead: bool = False) -> None:",
                "def take_back(self, message: Message, *, routed: bool) -> None:",
            )
        ),
        *(
            (
                "mailbox",
                _ANY,
                _ANY.replace("==", sign),
                "it only saves the work of the line behind it",
            )
            for sign in ("<=", ">=", "is not")
        ),
        *(
            ("mailbox", was, was.replace('== "leased"', '<= "leased"'), "what is gone is not open")
            for was in (_HELD, 'elif delivery.state == "leased":')
        ),
        (
            "mailbox",
            _TRIED,
            _TRIED.replace("==", "<="),
            "the leased were asked for before, and what is gone is not open",
        ),
        (
            "mailbox",
            'if delivery.state == "waiting":',
            'if delivery.state >= "waiting":',
            "no state sorts behind it",
        ),
        ("mailbox", _HELD, _HELD.replace("is holder", "== holder"), "a session equals itself only"),
        (
            "mailbox",
            _UNDECIDED,
            _UNDECIDED.replace("is not", "!="),
            "a delivery equals itself only",
        ),
        *(
            ("mailbox", was, became, "to sort what is in order changes nothing")
            for was, became in (
                (_OVERTAKEN, _OVERTAKEN.replace("<", "!=")),
                (_OVERTAKEN, _OVERTAKEN.replace("<", "is not")),
                ("overtaken = False", "overtaken = True"),
            )
        ),
        (
            "mailbox",
            _SINCE,
            _SINCE.replace("s > position", "s >= position"),
            "what is at a position does not come again",
        ),
        ("folder", "if len(same) > 1:", "if len(same) != 1:", "there is one at the least"),
        (
            "mailbox",
            "overtaken |= message.seq < newest",
            "overtaken |= message.seq <= newest",
            "no message is gathered twice",
        ),
        (
            "mailbox",
            "if self.fresh and self.fresh[0].seq < delivery.seq:",
            "if self.fresh and self.fresh[0].seq <= delivery.seq:",
            "what is open is not fresh",
        ),
        (
            "mailbox",
            'delivery.state == "ready" and delivery.attempts > 0',
            'delivery.state == "ready" and delivery.attempts != 0',
            "there are never less than none",
        ),
        *(
            ("mailbox", _NEWEST, _NEWEST.replace("else 0", f"else {least}"), "seqs begin with 1")
            for least in (1, -1)
        ),
        (
            "plan",
            'newer = [entry.row for entry in entries if entry.state == "newer" and entry.row]',
            'newer = [entry.row for entry in entries if entry.state >= "newer" and entry.row]',
            "only `pending` sorts behind `newer`, and has no row",
        ),
        (
            "plan",
            'elif entry.state == "changed" and entry.migration and entry.row:',
            'elif entry.state >= "changed" and entry.migration and entry.row:',
            "what sorts behind it lacks its file or its row",
        ),
        (
            "plan",
            "if migration.version < last:",
            "if migration.version <= last:",
            "what waits has no row, and the last version has one",
        ),
        (
            "plan",
            'return "newer" if row.version > newest else "missing"',
            'return "newer" if row.version >= newest else "missing"',
            "the newest version has a file, and this one has none",
        ),
        (
            "plan",
            "newest = max(files, default=0)",
            "newest = max(files, default= -1)",
            "versions begin with 1",
        ),
        ("plan", _LAST, _LAST.replace("=0", "= 1"), "no version that waits is below 1"),
        ("plan", _LAST, _LAST.replace("=0", "= -1"), "no version is below 0"),
    ]
}
