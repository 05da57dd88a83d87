"""Corrections of what a certificate says of its holder: by proof, and only where something changes."""

from dataclasses import dataclass, field
from datetime import date

from luban.reference.identity import IdType, parse_identity
from luban.reference.names import parse_name
from luban.reference.refusal import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Holder:
    """Name and document as a certificate prints them."""

    name: str = field(repr=False)
    id_type: str
    id_no: str = field(repr=False)


def corrected_holder(stands: Holder, name: str | None, id_type: str | None, id_no: str | None, today: date) -> Holder:
    """The holder after a correction; None leaves what stands. A document is corrected with its type.

    Raises `Invalid` for what is no name or document, `Conflict` correction-changes-nothing.
    """
    if id_type is not None and id_no is None:
        raise Invalid("correction-document", zh="更正证件类型须同时提供证件号码", en="a type comes with its number")
    kind, number = stands.id_type, stands.id_no
    if id_no is not None:
        identity = parse_identity(_id_type(id_type or stands.id_type), id_no, today)
        kind, number = identity.id_type.value, identity.id_no
    corrected = Holder(parse_name(name) if name is not None else stands.name, kind, number)
    if corrected == stands:
        raise Conflict("correction-changes-nothing", zh="更正内容与登记一致", en="the register says so already")
    return corrected


def _id_type(text: str) -> IdType:
    try:
        return IdType(text)
    except ValueError as error:
        raise Invalid("identity-type-unknown", zh="证件类型未知", en="there is no such type of document") from error
