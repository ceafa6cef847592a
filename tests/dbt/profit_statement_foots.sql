-- Contribution = margin + fees - taxes on turnover - cost - loss; net = contribution - tax;
-- economic value = net - charge. To the cent, on every row.
select
    profit_monthly_key,
    pre_tax_contribution_amount,
    net_contribution_amount,
    economic_value_added_amount
from {{ ref('fct_profit_monthly') }}
where
    pre_tax_contribution_amount is distinct from (
        ftp_margin_amount + fee_income_amount - vat_amount - surcharge_amount
        - cost_to_serve_amount - expected_loss_amount
    )
    or net_contribution_amount is distinct from (pre_tax_contribution_amount - income_tax_amount)
    or economic_value_added_amount is distinct from (net_contribution_amount - capital_charge_amount)
