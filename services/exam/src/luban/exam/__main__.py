"""`python -m luban.exam migrate | api | worker | replay | recover`."""

import sys

from luban.exam.bootstrap import SUBSCRIPTIONS, TIMERS
from luban.webkit.program import Service, main

if __name__ == "__main__":
    sys.exit(main(Service("exam", "luban.exam.entrypoints.api:create", SUBSCRIPTIONS, TIMERS)))
