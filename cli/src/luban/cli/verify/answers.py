"""A signed answer to a check."""

import json
from datetime import datetime
from typing import Any

from luban.cli.verify.finding import Finding, Said
from luban.cli.verify.standing import refusal_of, require_counts
from luban.cli.verify.trust import Trust
from luban.proofs import base64url
from luban.proofs.checkpoint import open_checkpoint
from luban.proofs.key_history import Standing
from luban.reference.refusal import Invalid

KIND = ("核验答复", "signed answer to a check")
TYPE = "luban-verification+jws"
_STATES = {"VALID": ("有效", "valid"), "SUSPENDED": ("已暂停", "suspended"), "WITHDRAWN": ("已撤销", "withdrawn")}


def verify_answer(jws: str, trust: Trust, beside: Any = None) -> Finding:
    """Of a compact JWS; `beside` is the answer that was kept with it, which must be the signed one."""
    finding = Finding(KIND)
    try:
        key_id, answer = _opened(jws, trust)
        _require_same(beside, answer)
        _tell(finding, answer)
        finding.by = f"{trust.name} ({key_id})"
        _log(finding, answer, trust)
    except Invalid as refusal:
        return finding.refuse(refusal)
    except (KeyError, TypeError, AttributeError, ValueError):
        return finding.refuse(_malformed())
    return finding


def _require_same(beside: Any, answer: Any) -> None:
    if beside is not None and beside != answer:
        raise Invalid("answer-differs", zh="明文与签名内容不一致", en="the answer beside it is not the signed one")


def _opened(jws: str, trust: Trust) -> tuple[str, Any]:
    header, payload, signature = jws.split(".")
    told = json.loads(base64url.decode(header))
    if told.get("typ") != TYPE:
        raise _malformed()
    record = trust.answers.find(told.get("kid"))
    if record is None:
        raise refusal_of(Standing.UNKNOWN_KEY)
    if told.get("alg") != record.public_key.algorithm:
        raise _malformed()
    if not record.public_key.verify(f"{header}.{payload}".encode(), base64url.decode(signature)):
        raise Invalid("signature", zh="签名不成立，内容被改动过", en="the signature does not hold: it was changed")
    answer = json.loads(base64url.decode(payload))
    require_counts(record.judge(datetime.fromisoformat(answer["as_of"]), None))
    return record.public_key.key_id, answer


def _tell(finding: Finding, answer: Any) -> None:
    number, found = answer["asked"]["certificate_no"], answer["found"]
    finding.as_of = datetime.fromisoformat(answer["as_of"])
    if found != "MATCH":
        finding.proven.append(
            (f"当时名册中没有与所问相符的证书（{number}）", f"the register had no certificate as asked ({number}) then")
        )
        finding.unproven.append(
            ("编号不存在，还是姓名或证件号不符", "whether the number or the second factor was wrong")
        )
        return
    zh, en = _STATES[answer["state"]]
    what = answer.get("occupation_name") or answer.get("project_name")
    level = answer.get("level_name") or ""
    finding.proven += [
        (f"证书 {number} 当时{zh}", f"certificate {number} was {en} then"),
        *_since(answer),
        (f"{what} {level}".strip(), f"it certifies: {what} {level}".strip()),
        (
            f"{answer['body_name']} 于 {answer['issued_on']} 颁发",
            f"issued by {answer['body_name']} on {answer['issued_on']}",
        ),
        (f"持证人：{answer['name_masked']}（隐去一字）", f"holder: {answer['name_masked']} (one character hidden)"),
    ]
    finding.unproven += [
        ("之后是否被撤销、暂停或恢复", "whether it was withdrawn, suspended or resumed later"),
        ("面前的人是否持证人", "that whoever brings it is the holder"),
    ]


def _since(answer: Any) -> list[Said]:
    """What a suspension means to whoever asked."""
    if answer["state"] != "SUSPENDED":
        return []
    day = answer["suspended_on"]
    return [(f"自 {day} 起暂停，恢复之前不作数", f"suspended since {day}: it does not count until it is resumed")]


def _log(finding: Finding, answer: Any, trust: Trust) -> None:
    """The checkpoint in an answer binds the register to the state that it showed everybody else."""
    note = answer.get("checkpoint")
    if note is None or trust.log is None:
        return
    try:
        size = open_checkpoint(note.encode(), trust.log).checkpoint.size
    except Invalid as refusal:
        if refusal.code != "checkpoint-unsigned" or trust.log_once is None:
            raise
        open_checkpoint(note.encode(), trust.log_once)
        finding.unproven.append(
            (
                "公开日志当时的状态：签署它的密钥曾泄露",
                "the public log's state then: the key that signed it was compromised",
            )
        )
        return
    finding.proven.append((f"公开日志当时有{size}条记录", f"the public log had {size} entries then"))


def _malformed() -> Invalid:
    return Invalid("answer-malformed", zh="不是有效的核验答复", en="this is no signed answer to a check")
