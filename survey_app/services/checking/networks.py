"""Networks of offices: answers from there are marked, while the address itself is never kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.codes import StaffNetwork
from survey_app.services.operation.accounts import record

ADDED, REMOVED = "staff_network_added", "staff_network_removed"
LONGEST_NOTE: Final = 120
WIDEST: Final = {4: 8, 6: 16}  # a wider range is a slip: it would hold whole countries
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class NetworkLine:
    """A range in the list."""

    id: int
    network: str
    note: str


def is_office(session: Session, address: str | None) -> bool:
    """Say whether an address lies in a network of an office; the caller forgets the address.

    The ranges are read at each call, so that a change counts at once, and parsed once.
    """
    found = address_of(address)
    if found is None:
        return False
    texts = session.scalars(select(StaffNetwork.network)).all()
    return any(found in network for network in _parsed(tuple(texts)))


def address_of(text: str | None) -> IPv4Address | IPv6Address | None:
    """The address that a request came from; None where it is none."""
    try:
        found = ip_address((text or "").strip().split("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def networks(session: Session) -> Sequence[NetworkLine]:
    """All ranges, in the order of their addresses."""
    rows = session.execute(select(StaffNetwork.id, StaffNetwork.network, StaffNetwork.note))
    lines = [NetworkLine(*row) for row in rows]
    return sorted(lines, key=lambda line: _order(ip_network(line.network)))


def add_network(
    session: Session, text: str, note: str, by: int | None, now: datetime
) -> StaffNetwork:
    """Add a range in CIDR notation with a note; raises `Refusal` for a bad or known one."""
    network, note = _network(text.strip()), " ".join(note.split())
    if not note or len(note) > LONGEST_NOTE:
        raise Refusal("Cần ghi chú ngắn cho dải địa chỉ, tối đa {n} ký tự.", n=LONGEST_NOTE)
    known = select(StaffNetwork.id).where(StaffNetwork.network == str(network))
    if session.scalar(known) is not None:
        raise Refusal("Dải địa chỉ «{network}» đã có trong danh sách.", network=str(network))
    row = StaffNetwork(network=str(network), note=note)
    session.add(row)
    record(session, by, ADDED, str(network), now)
    session.flush()
    return row


def remove_network(session: Session, identity: int, by: int | None, now: datetime) -> None:
    """Take a range off the list; raises `NotFound`."""
    row = session.get(StaffNetwork, identity)
    if row is None:
        raise NotFound("Dải địa chỉ này không còn trong danh sách.")
    record(session, by, REMOVED, row.network, now)
    session.delete(row)
    session.flush()


def _network(text: str) -> Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        template = "«{text}» không phải dải địa chỉ mạng; xin ghi theo dạng 10.20.0.0/16."
        raise Refusal(template, text=text[:64]) from None
    if ip_address(text.partition("/")[0]) != network.network_address:
        template = "Dải «{text}» ghi thừa phần máy; có phải Ông/Bà muốn ghi {network}?"
        raise Refusal(template, text=text[:64], network=str(network))
    if network.prefixlen < WIDEST[network.version]:
        raise Refusal("Dải «{network}» quá rộng, xin ghi dải hẹp hơn.", network=str(network))
    return network


@lru_cache(maxsize=8)
def _parsed(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _order(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen
