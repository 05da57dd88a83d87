"""`python -m luban.certificate migrate | api | worker | replay | recover`."""

import sys

from luban.certificate.bootstrap import check_register, loops, rebuild, subscriptions
from luban.certificate.settings import NumberSettings
from luban.webkit.program import Service, main

if __name__ == "__main__":
    sys.exit(
        main(
            Service(
                "certificate",
                "luban.certificate.entrypoints.api:serve",
                subscriptions(NumberSettings()),
                before_worker=check_register,
                rebuild=rebuild,
                loops=loops,
            )
        )
    )
