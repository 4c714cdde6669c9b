from dataclasses import dataclass


@dataclass
class Time:
    sec: int = 0
    nanosec: int = 0
