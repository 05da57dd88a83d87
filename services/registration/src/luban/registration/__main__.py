"""`python -m luban.registration migrate | api | worker | replay | recover`."""

import sys

from luban.registration.bootstrap import SUBSCRIPTIONS, TIMERS
from luban.webkit.program import Service, main

if __name__ == "__main__":
    sys.exit(main(Service("registration", "luban.registration.entrypoints.api:create", SUBSCRIPTIONS, TIMERS)))
