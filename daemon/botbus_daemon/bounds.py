"""What a figure of the settings may be. Whatever passes can be added to a time and told on the wire.

Infinite figures, and times beyond the calendar, are refused where they are written: the daemon that
reckons with one would fail later, in the middle of its work.
"""

from typing import Annotated

from msgspec import Meta

Count = Annotated[int, Meta(ge=0, le=2**62)]
AtLeastOne = Annotated[int, Meta(ge=1, le=2**62)]
Seconds = Annotated[float, Meta(ge=0, le=366 * 86400)]
SomeSeconds = Annotated[float, Meta(gt=0, le=366 * 86400)]
Days = Annotated[float, Meta(ge=0, le=36_600)]
SomeDays = Annotated[float, Meta(gt=0, le=36_600)]
Rate = Annotated[float, Meta(ge=0, le=1e9)]
"""So many a second."""
