"""What a workflow says to bots and people, and how it waits for what they say."""

# ruff: noqa: A002 - type is a word of the contract

from typing import Any

import msgspec

from botbus import requesting
from botbus.requesting import checked
from botbus.workflows.approvals import Approval
from botbus.workflows.derived import derived_id, under_its_id
from botbus.workflows.named import Named
from botbus.workflows.shape import UNTYPED
from botbus.workflows.stepping import result_of
from botbus.workflows.telling import told
from botbus.workflows.waiting import waited
from botbus_protocol.records import Message
from botbus_protocol.requests import Publish, Send, WaitFor


class Conversing(Named):
    """The part of a `Run` that is about others."""

    async def send(
        self,
        to: str,
        body: Any,
        *,
        name: str | None = None,
        type: str = "message",
        reply_to: str | None = None,
        headers: dict[str, str] | None = None,
        ttl: float | None = None,
        delay: float | None = None,
    ) -> str:
        """Sends a message to a bot, once in this run whatever is repeated; returns its id."""
        step = name or named("send", to, type)
        message = requesting.send(
            to,
            body,
            type=type,
            id=self.id,
            reply_to=reply_to,
            headers=headers,
            ttl=ttl,
            delay=delay,
        )
        return await self._tell(step, "send", under_its_id(self.id, step, message))

    async def publish(
        self,
        channel: str,
        body: Any,
        *,
        name: str | None = None,
        type: str = "message",
        reply_to: str | None = None,
        headers: dict[str, str] | None = None,
        ttl: float | None = None,
        delay: float | None = None,
    ) -> str:
        """Publishes a message, once in this run whatever is repeated; returns its id."""
        step = name or named("publish", channel, type)
        message = requesting.publish(
            channel,
            body,
            type=type,
            id=self.id,
            reply_to=reply_to,
            headers=headers,
            ttl=ttl,
            delay=delay,
        )
        return await self._tell(step, "publish", under_its_id(self.id, step, message))

    async def ask(
        self,
        to: str,
        body: Any,
        *,
        name: str | None = None,
        timeout: float | None = None,
        type: str = "message",
        headers: dict[str, str] | None = None,
    ) -> Message:
        """Asks a bot, once, and waits for its answer, without a worker if that takes long.

        Raises StepTimeout if none comes within `timeout` seconds.
        """
        step = name or named("ask", to, type)
        past = self._take(step)
        question = requesting.send(to, body, type=type, id=self._question_id(step), headers=headers)
        wait = checked(WaitFor, kind="message", seconds=timeout, reply_to=question.id)
        output = await waited(self._execution, step, past, wait, first=(question,))
        return msgspec.convert(output, Message)

    async def wait_message(
        self,
        name: str,
        *,
        type: str | None = None,
        channel: str | None = None,
        sender: str | None = None,
        reply_to: str | None = None,
        where: dict[str, str | int | float | bool | None] | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Waits for a message in the mailbox of this bot, or in a channel, and takes it.

        `where` gives fields of its body and their values. What came before the run began does not
        count in a channel; in the mailbox it counts if nobody has taken it. Raises StepTimeout if
        none comes within `timeout` seconds.
        """
        wait = checked(
            WaitFor,
            kind="message",
            seconds=timeout,
            channel=channel,
            type=type,
            sender=sender,
            reply_to=reply_to,
            where=where,
        )
        output = await waited(self._execution, name, self._take(name), wait)
        return msgspec.convert(output, Message)

    async def approval(
        self,
        name: str,
        *,
        prompt: str = "",
        timeout: float | None = None,
        ask: str | None = None,
        data: Any = None,
    ) -> Approval:
        """Waits until somebody approves or rejects; expired after `timeout` seconds.

        `botbus run approve|reject RUN NAME` decides, `bus.runs.approve`, or a reply of the bot `ask`
        to the message of type `approval.request` that it gets; the reply of another bot decides
        nothing. A verdict is bound to what was shown: `prompt` and `data`.
        """
        past = self._take(name)
        shown = {"prompt": prompt} if data is None else {"prompt": prompt, "data": data}
        message = None if ask is None else self._question(name, ask, shown)
        wait = checked(
            WaitFor,
            kind="approval",
            seconds=timeout,
            sender=ask,
            reply_to=None if message is None else message.id,
        )
        first = () if message is None else (message,)
        output = await waited(self._execution, name, past, wait, input=shown, first=first)
        return msgspec.convert(output, Approval)

    async def _tell(self, step: str, kind: str, message: Send | Publish) -> str:
        past = self._take(step)
        if past is not None and (end := past.end) is not None:
            return str(result_of(end, UNTYPED))
        await told(self._execution, step, kind, past, message.id, first=(message,))
        return message.id

    def _question(self, name: str, to: str, shown: dict[str, Any]) -> Send:
        return requesting.send(
            to,
            {"run": self.id, "workflow": self.workflow, "step": name, **shown},
            type="approval.request",
            id=self._question_id(name),
        )

    def _question_id(self, step: str) -> str:
        """Of a claim, for a retry asks anew: the answer that came before is used up.

        The question and its wait are one commit, so no other claim asks it again.
        """
        return derived_id(self.id, f"{step}/asked/{self.attempt}")


def named(kind: str, to: str, type: str) -> str:
    """The name of a step that was given none."""
    return f"{kind}:{to}" if type == "message" else f"{kind}:{to}:{type}"
