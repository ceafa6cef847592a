-- What counts as kept is capped by what was due and by what was done.
select
    contact_compliance_key,
    contacts_due,
    contacts_kept,
    contacts_made
from {{ ref('fct_contact_compliance') }}
where
    contacts_due <= 0
    or contacts_kept < 0
    or contacts_kept > contacts_due
    or contacts_kept > contacts_made
