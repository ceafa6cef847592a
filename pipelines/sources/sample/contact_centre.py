"""The contact centre: everything that the optional source ``contact`` delivers."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.sources.sample.arrays import Table
from pipelines.sources.sample.books import Books
from pipelines.sources.sample.campaigns import make_campaign_targets, make_campaigns
from pipelines.sources.sample.complaints import make_complaints, make_referrals, make_surveys
from pipelines.sources.sample.contacts import find_leads, lead_assignments, make_contacts
from pipelines.sources.sample.customers import People
from pipelines.sources.sample.organisation import Managers, Units
from pipelines.sources.sample.period import Period


@dataclass(frozen=True)
class ContactCentre:
    """Rows of its feeds with their nights; the makers name the columns."""

    contacts: Table
    complaints: Table
    campaigns: Table
    campaign_targets: Table
    surveys: Table
    referrals: Table


def make_contact_centre(
    *, seed: int, period: Period, units: Units, managers: Managers, people: People, books: Books
) -> ContactCentre:
    """Draw what managers and customers have to do with each other, apart from money."""
    lead = find_leads(people, lead_assignments(books))
    campaigns = make_campaigns(seed, period, units)
    return ContactCentre(
        contacts=make_contacts(seed, period, people, managers, books),
        complaints=make_complaints(seed, period, people, lead),
        campaigns=campaigns,
        campaign_targets=make_campaign_targets(seed, period, people, campaigns, lead),
        surveys=make_surveys(seed, period, people, lead),
        referrals=make_referrals(seed, period, people, lead),
    )
