from dataclasses import dataclass, field

from builtin_interfaces.msg import Time


@dataclass
class Header:
    stamp: Time = field(default_factory=Time)
    frame_id: str = ""
