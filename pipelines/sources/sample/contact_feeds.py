"""The contact centre's arrays as rows of its feeds, night by night, in DuckDB."""

from __future__ import annotations

from pipelines.sources.sample.campaigns import CAMPAIGN_TYPES, RESPONSES, STATUSES
from pipelines.sources.sample.complaints import COMPLAINT_TYPES, PARTS, STEPS
from pipelines.sources.sample.contacts import CONTACT_TYPES, DIRECTIONS, OUTCOMES
from pipelines.sources.sample.entries import Channel
from pipelines.sources.sample.feeds import FeedTables
from pipelines.sources.sample.formats import CUSTOMER_ID, MANAGER_ID, MONEY, UNIT_ID
from pipelines.sources.sample.organisation import PRODUCTS
from pipelines.sources.sample.sql import call, code, optional

CONTACT_ID = "'CN' || lpad(cast({0} + 1 as varchar), 9, '0')"
COMPLAINT_ID = "'CP' || lpad(cast({0} + 1 as varchar), 7, '0')"
CAMPAIGN_ID = "'CA' || lpad(cast({0} + 1 as varchar), 6, '0')"
SURVEY_ID = "'SV' || lpad(cast({0} + 1 as varchar), 7, '0')"
REFERRAL_ID = "'RF' || lpad(cast({0} + 1 as varchar), 6, '0')"
CUSTOMER = f"{call(CUSTOMER_ID, 'customer')} as customer_id"
MANAGER = f"{optional(MANAGER_ID, 'manager')} as manager_id"
CHANNEL = f"{code([channel.name for channel in Channel], 'channel')} as channel_code"
PRODUCT_IDS = [product.product_id for product in PRODUCTS]


class ContactFeeds(FeedTables):
    """One DuckDB table per feed of the contact centre."""

    schemas = ("contact",)

    def make_all(self) -> None:
        """Make the tables of all feeds of the contact centre."""
        self._make_contacts()
        self._make_complaints()
        self._make_campaigns()
        self._make_targets()
        self._make_opinions()

    def _make_contacts(self) -> None:
        start = f"timestamp '{self._bank.period.start.isoformat()}'"
        columns = f"""{call(CONTACT_ID, "id")} as contact_id, {CUSTOMER}, {MANAGER},
            {self._date("contact_day")} as contact_date,
            {start} + to_seconds(contact_day * 86400 + second) as contact_at,
            {code(CONTACT_TYPES, "kind")} as contact_type, {CHANNEL},
            {code(DIRECTIONS, "direction")} as direction, {code(OUTCOMES, "outcome")} as outcome,
            case when minutes >= 0 then minutes end as duration_minutes,
            {self._date("report_day")} as report_date"""
        self._make("contact.contact", self._bank.contact_centre.contacts, columns, "id")

    def _make_complaints(self) -> None:
        steps = ", ".join(f"{self._date(step)} as {step}_date" for step in STEPS)
        parts = ", ".join(f"{part} = 1 as has_{part}" for part in PARTS)
        columns = f"""{call(COMPLAINT_ID, "id")} as complaint_id, {CUSTOMER}, {MANAGER},
            {call(UNIT_ID, "office")} as branch_id, {CHANNEL},
            {code(COMPLAINT_TYPES, "kind")} as complaint_type,
            {self._date("received")} as received_date, {steps}, {parts}"""
        self._make("contact.complaint", self._bank.contact_centre.complaints, columns, "id")

    def _make_campaigns(self) -> None:
        columns = f"""{call(CAMPAIGN_ID, "id")} as campaign_id,
            {call(UNIT_ID, "unit")} as branch_id, name as campaign_name,
            {code(CAMPAIGN_TYPES, "kind")} as campaign_type,
            {code(PRODUCT_IDS, "product")} as product_id, plan_year,
            {self._date("begins")} as start_date, {self._date("ends")} as end_date,
            {call(MONEY, "cost")} as planned_cost, {code(STATUSES, "status")} as status"""
        self._make("contact.campaign", self._bank.contact_centre.campaigns, columns, "id")

    def _make_targets(self) -> None:
        columns = f"""{call(CAMPAIGN_ID, "campaign")} as campaign_id, {CUSTOMER}, {MANAGER},
            {self._date("targeted")} as targeted_date, {code(RESPONSES, "response")} as response,
            {self._date("answered")} as response_date,
            {code(PRODUCT_IDS, "bought")} as product_id"""
        targets = self._bank.contact_centre.campaign_targets
        self._make("contact.campaign_target", targets, columns, "campaign, customer")

    def _make_opinions(self) -> None:
        columns = f"""{call(SURVEY_ID, "id")} as survey_id, {CUSTOMER}, {MANAGER}, {CHANNEL},
            {self._date("day")} as survey_date, score as satisfaction_score"""
        self._make("contact.survey", self._bank.contact_centre.surveys, columns, "id")
        columns = f"""{call(REFERRAL_ID, "id")} as referral_id,
            {call(CUSTOMER_ID, "referrer")} as referrer_customer_id,
            {call(CUSTOMER_ID, "referred")} as referred_customer_id, {MANAGER},
            {self._date("day")} as referral_date"""
        self._make("contact.referral", self._bank.contact_centre.referrals, columns, "id")
