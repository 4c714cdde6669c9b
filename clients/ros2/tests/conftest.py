import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path[:0] = [str(here / "stubs"), str(here.parent), str(here.parents[1] / "python")]
