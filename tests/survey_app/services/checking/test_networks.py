"""Networks of offices: which addresses lie in them, and which ranges are taken on the list."""

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.accounts import AuditEntry
from survey_app.services.checking.networks import add_network, is_office, networks, remove_network
from tests.survey_app.factories import NOW


@pytest.fixture
def session(database):
    with database.writing() as session:
        add_network(session, "10.20.0.0/16", "Trung tâm hành chính", None, NOW)
        add_network(session, "2001:db8:7::/48", "Sở Nội vụ", None, NOW)
        yield session


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.20.3.4", True),
        ("10.21.0.1", False),
        ("::ffff:10.20.3.4", True),
        ("2001:db8:7:1::5", True),
        ("2001:db8:8::5", False),
        ("2001:db8:7::1%eth0", True),
        ("không phải địa chỉ", False),
        ("", False),
        (None, False),
    ],
)
def test_an_address_lies_in_an_office_or_not(session, address, inside):
    assert is_office(session, address) is inside


def test_a_change_of_the_list_counts_at_once(session):
    assert not is_office(session, "192.0.2.9")
    row = add_network(session, " 192.0.2.0/24 ", "Chi nhánh", None, NOW)
    assert is_office(session, "192.0.2.9")
    remove_network(session, row.id, None, NOW)
    assert not is_office(session, "192.0.2.9")


def test_the_list_is_in_the_order_of_addresses_and_every_change_is_recorded(session):
    add_network(session, "9.0.0.0/8", "Khác", None, NOW)
    remove_network(session, networks(session)[1].id, None, NOW)

    assert [line.network for line in networks(session)] == ["9.0.0.0/8", "2001:db8:7::/48"]
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["staff_network_added"] * 3 + ["staff_network_removed"]


@pytest.mark.parametrize(
    ("text", "note", "told"),
    [
        ("10.0.0", "x", "không phải dải địa chỉ"),
        ("10.20.0.0/33", "x", "không phải dải địa chỉ"),
        ("10.30.1.2/16", "x", "10.30.0.0/16"),
        ("10.20.0.0/16", "x", "đã có"),
        ("2001:DB8:7:0::/48", "x", "đã có"),
        ("0.0.0.0/0", "x", "quá rộng"),
        ("2000::/3", "x", "quá rộng"),
        ("10.40.0.0/16", "  ", "ghi chú"),
        ("10.40.0.0/16", "x" * 121, "ghi chú"),
    ],
)
def test_a_range_that_will_not_do_is_refused_in_one_sentence(session, text, note, told):
    with pytest.raises(Refusal) as caught:
        add_network(session, text, note, None, NOW)

    assert told in str(caught.value)
    assert len(networks(session)) == 2


def test_a_single_address_is_a_range_of_one(session):
    add_network(session, "192.0.2.7", "Máy chủ", None, NOW)

    assert is_office(session, "192.0.2.7")
    assert not is_office(session, "192.0.2.8")


def test_a_range_that_is_gone_cannot_be_removed_again(session):
    with pytest.raises(NotFound):
        remove_network(session, 999, None, NOW)
