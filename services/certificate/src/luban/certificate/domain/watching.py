"""What employers who watch certificates hear of."""

from luban.certificate.domain.register import Change
from luban.reference.refusal import Invalid

TOLD = {
    Change.WITHDRAWN: "certificate.withdrawn",
    Change.REINSTATED: "certificate.reinstated",
    Change.SUSPENDED: "certificate.suspended",
    Change.RESUMED: "certificate.resumed",
    Change.CORRECTED: "certificate.corrected",
    Change.REISSUED: "certificate.reissued",
}
"""Types of notices by change; corrected scores are nobody's but the holder's."""

NOT_VERIFIED = (
    "watch-not-verified",
    "未经本单位以编号及姓名或证件号码核验相符，不能关注",
    "not a certificate that this employer has checked by number and second factor, and matched",
)


def require_room(items: int, most: int) -> None:
    """Raises `Invalid` watch-list-full for more certificates than a list may have."""
    if items > most:
        raise Invalid(
            "watch-list-full",
            zh="一个关注名单最多{most}本证书",
            en="a watch list has at most {most} certificates",
            most=most,
        )
