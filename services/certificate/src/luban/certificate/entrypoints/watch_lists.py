"""Employers' watch lists, with their own key."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.certificate.adapters.calling import TOTAL_SECONDS, Caller, NotDeliveredError
from luban.certificate.domain.webhooks import LONGEST_URL, parse_target
from luban.certificate.handlers import watching
from luban.certificate.handlers.watching import DeliveryShown, Feed, ListMade, ListShown
from luban.reference.refusal import Invalid
from luban.webkit.answer import answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1/watch-lists", tags=["watch lists"])

Employer = Annotated[Call, Depends(allow(Role.EMPLOYER))]

LARGEST_LIST = 1024 * 1024
MOST_SENT = 20_000
"""Numbers one request may hold before the rule is asked how many a list may have."""


class WebhookBody(BaseModel):
    """Where to send what the list is told."""

    model_config = ConfigDict(extra="forbid")

    webhook_url: str | None = Field(default=None, max_length=LONGEST_URL)


class ListBody(WebhookBody):
    """A new list."""

    name: str = Field(min_length=1, max_length=100)


class NumbersBody(BaseModel):
    """Certificates by number."""

    model_config = ConfigDict(extra="forbid")

    certificate_nos: list[Annotated[str, Field(max_length=64)]] = Field(min_length=1, max_length=MOST_SENT)


@router.post("", status_code=201, response_model=ListMade)
def make(call: Employer, request: Request, body: ListBody) -> Response:
    """Makes a list. Its webhook's secret is shown in this answer and never again."""
    _look_at(request, body.webhook_url)
    with call.units.begin(call.cause()) as uow:
        made = watching.make_list(uow, call.principal, body.name, body.webhook_url)
    return answer(made, 201).response()


@router.get("")
def lists(call: Employer, paging: Paging) -> Page[ListShown]:
    """The caller's lists."""
    return call.read(lambda uow: watching.list_lists(uow, call.principal, paging))


@router.get("/{list_id}")
def one(call: Employer, list_id: UUID) -> ListShown:
    """A list, with what waits to be delivered and what was given up."""
    return call.read(lambda uow: watching.show_list(uow, call.principal, list_id))


@router.post("/{list_id}/end", status_code=204)
def end(call: Employer, list_id: UUID) -> Response:
    """Ends a list."""
    return call.execute(lambda uow: watching.end_list(uow, call.principal, list_id), 204)


@router.put("/{list_id}/webhook", response_model=ListMade)
def webhook(call: Employer, request: Request, list_id: UUID, body: WebhookBody) -> Response:
    """Sets the webhook, with a new secret that is shown once, or takes it away."""
    _look_at(request, body.webhook_url)
    with call.units.begin(call.cause()) as uow:
        made = watching.set_webhook(uow, call.principal, list_id, body.webhook_url)
    return answer(made, 200).response()


@router.post("/{list_id}/certificates", response_model=ListShown)
@max_body(LARGEST_LIST)
def add(call: Employer, list_id: UUID, body: NumbersBody) -> Response:
    """Watches certificates that the employer has checked and matched."""
    return call.execute(lambda uow: watching.add_certificates(uow, call.principal, list_id, body.certificate_nos))


@router.post("/{list_id}/removals", response_model=ListShown)
@max_body(LARGEST_LIST)
def remove(call: Employer, list_id: UUID, body: NumbersBody) -> Response:
    """Watches them no more."""
    return call.execute(lambda uow: watching.remove_certificates(uow, call.principal, list_id, body.certificate_nos))


@router.get("/{list_id}/notices")
def notices(call: Employer, list_id: UUID, paging: Paging) -> Feed:
    """What became of the certificates of the list, after the cursor of the answer before."""
    return call.read(lambda uow: watching.read_feed(uow, call.principal, list_id, paging))


@router.get("/{list_id}/deliveries")
def deliveries(call: Employer, list_id: UUID, paging: Paging) -> Page[DeliveryShown]:
    """The calls of the webhook and how they ended."""
    return call.read(lambda uow: watching.list_deliveries(uow, call.principal, list_id, paging))


@router.post("/{list_id}/deliveries/{notice_id}/again", status_code=204)
def again(call: Employer, list_id: UUID, notice_id: UUID) -> Response:
    """Tries a call anew that was given up."""
    return call.execute(lambda uow: watching.deliver_again(uow, call.principal, list_id, notice_id), 204)


def _look_at(request: Request, url: str | None) -> None:
    """Refuses an address that would be refused at delivery: Invalid webhook-url, webhook-address."""
    if url is None:
        return
    demo: bool = request.app.state.webhooks_demo
    target = parse_target(url, demo=demo)
    try:
        asyncio.run(asyncio.wait_for(Caller(demo=demo).look_at(target), TOTAL_SECONDS))
    except (NotDeliveredError, TimeoutError) as error:
        raise Invalid(
            "webhook-address",
            zh="回调地址无法解析，或指向内部网络",
            en="the webhook's name is not known, or leads into a private network",
        ) from error
