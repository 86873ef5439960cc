"""Frames to bytes and back.

A frame is one msgpack map with a list of requests; its answer is one map with a list of replies,
one for each request, in order. `decode_frame` never raises for what a stranger sent, except
`Refused` for the frame as a whole: a request that is wrong becomes a `Fault` in its place, and its
neighbours are decoded as if it were not there.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from botbus_protocol import PROTOCOL_VERSION
from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.grammar import check_name
from botbus_protocol.limits import Limits
from botbus_protocol.replies import AnyReply, Reply
from botbus_protocol.requests import AnyRequest, Request
from botbus_protocol.wording import sentence


class Frame(Struct, frozen=True):
    """A decoded frame: who speaks (None for one who only watches), and the requests in order."""

    bot: str | None
    atomic: bool
    requests: list[AnyRequest | Fault]


class _TypedFrame(Struct, frozen=True, gc=False):
    v: int
    requests: list[AnyRequest]
    bot: str | None = None
    atomic: bool = False


class _LooseFrame(Struct, frozen=True):
    v: int
    requests: list[Raw]
    bot: str | None = None
    atomic: bool = False


class _Version(Struct, frozen=True):
    v: Any = None


class _Ok(Struct, frozen=True, gc=False):
    ok: AnyReply


class _Error(Struct, frozen=True, gc=False):
    error: Fault


class _OkOrError(Struct, frozen=True, gc=False):
    ok: AnyReply | None = None
    error: Fault | None = None


class _ReplyFrame(Struct, frozen=True, gc=False):
    v: int
    replies: list[_OkOrError]


class _Op(Struct, frozen=True):
    op: Any = None


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding a stranger's bytes may raise."""

_encoder = msgspec.msgpack.Encoder()
_typed = msgspec.msgpack.Decoder(_TypedFrame)
_loose = msgspec.msgpack.Decoder(_LooseFrame)
_version = msgspec.msgpack.Decoder(_Version)
_request = msgspec.msgpack.Decoder(AnyRequest)
_op = msgspec.msgpack.Decoder(_Op)
_replies = msgspec.msgpack.Decoder(_ReplyFrame)

encode = _encoder.encode


def encode_frame(
    bot: str | None, requests: Sequence[Request | Raw], *, atomic: bool = False
) -> bytes:
    """Bytes of a frame; a request may be given as the bytes it was encoded to before."""
    return _encoder.encode(
        {"v": PROTOCOL_VERSION, "bot": bot, "atomic": atomic, "requests": requests}
    )


def decode_frame(data: bytes, limits: Limits) -> Frame:
    """A frame from bytes. Raises Refused if the frame as a whole cannot be taken."""
    if len(data) > limits.frame_bytes:
        raise Refused(
            Code.TOO_LARGE,
            f"the frame has {len(data)} bytes and the limit is {limits.frame_bytes}: split it",
            limit="frame_bytes",
            figure=limits.frame_bytes,
        )
    try:
        frame = _typed.decode(data)
    except UNREADABLE:
        return _decode_one_by_one(data, limits)
    _check_frame(frame, limits)
    return Frame(frame.bot, frame.atomic, [*frame.requests])


def encode_replies(replies: Sequence[Reply | Fault]) -> bytes:
    """Bytes of the answer to a frame."""
    if Fault in map(type, replies):
        wrapped = [_Error(r) if type(r) is Fault else _Ok(r) for r in replies]  # type: ignore[arg-type]
    else:
        wrapped = list(map(_Ok, replies))  # type: ignore[arg-type]
    return _encoder.encode({"v": PROTOCOL_VERSION, "replies": wrapped})


def decode_replies(data: bytes) -> list[AnyReply | Fault]:
    """Replies from bytes. Raises Refused with `bad_frame` if this is no daemon's answer."""
    try:
        frame = _replies.decode(data)
    except UNREADABLE as error:
        raise Refused(
            Code.BAD_FRAME, f"the answer cannot be read, is this a botbus daemon? {error}"
        ) from error
    return [reply.error or _NEITHER if reply.ok is None else reply.ok for reply in frame.replies]


_NEITHER = Fault(Code.BAD_FRAME, "the daemon answered with neither ok nor error")


def _check_frame(frame: _TypedFrame | _LooseFrame, limits: Limits) -> None:
    if frame.v != PROTOCOL_VERSION:
        raise _unsupported(frame.v)
    if len(frame.requests) > limits.requests_per_frame:
        raise Refused(
            Code.TOO_LARGE,
            f"the frame has {len(frame.requests)} requests and the limit is "
            f"{limits.requests_per_frame}: split it",
            limit="requests_per_frame",
            figure=limits.requests_per_frame,
        )
    if frame.bot is not None:
        try:
            check_name(frame.bot, "bot")
        except ValueError as error:
            raise Refused(Code.INVALID, str(error)) from None


def _decode_one_by_one(data: bytes, limits: Limits) -> Frame:
    frame = _decode_loosely(data)
    _check_frame(frame, limits)
    requests = [_decode_request(i, raw) for i, raw in enumerate(frame.requests)]
    return Frame(frame.bot, frame.atomic, requests)


def _decode_loosely(data: bytes) -> _LooseFrame:
    try:
        return _loose.decode(data)
    except msgspec.ValidationError as error:
        if (version := _version_of(data)) != PROTOCOL_VERSION:
            raise _unsupported(version) from None
        raise Refused(
            Code.BAD_FRAME,
            f"the frame has the wrong shape ({error}): send one map with v, bot, requests",
        ) from None
    except RecursionError:
        raise Refused(Code.BAD_FRAME, "the frame is nested too deeply to be read") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(
            Code.BAD_FRAME, f"the frame is not msgpack: {error}; send one map with v, bot, requests"
        ) from None


def _version_of(data: bytes) -> Any:
    try:
        return _version.decode(data).v
    except UNREADABLE:
        return PROTOCOL_VERSION  # no map at all: the shape is what is wrong


def _unsupported(version: Any) -> Refused:
    shown = version if isinstance(version, int) else f"of type {type(version).__name__}"
    return Refused(
        Code.UNSUPPORTED_VERSION,
        f"protocol version {shown} is not spoken here: use v = {PROTOCOL_VERSION}",
        supported=[PROTOCOL_VERSION],
    )


def _decode_request(index: int, raw: Raw) -> AnyRequest | Fault:
    try:
        return _request.decode(raw)  # type: ignore[no-any-return]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _fault_of(index, raw, error)
    except RecursionError:
        return Fault(Code.INVALID, f"request {index} is nested too deeply to be read")


def _fault_of(index: int, raw: Raw, error: Exception) -> Fault:
    try:
        op = _op.decode(raw).op
    except UNREADABLE:
        return Fault(Code.INVALID, f"request {index} is not a map with an op: {error}")
    if not isinstance(op, str):
        return Fault(Code.INVALID, f"request {index} has no op: name the operation in the field op")
    if op not in OPS:
        return Fault(Code.UNKNOWN_OP, f"there is no operation {op[:64]!r}: see docs/protocol.md")
    return Fault(Code.INVALID, f"{op}: {sentence(OPS[op], str(error))}", {"request": index})


OPS: dict[str, type[Request]] = {
    str(struct.__struct_config__.tag): struct for struct in AnyRequest.__args__
}
"""Every operation by its name on the wire."""
