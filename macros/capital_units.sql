{#-
    Capital of an exposure, exact, in units of 1e-18: (EAD - specific provision) x risk weight x
    capital ratio, as cents x rate units x rate units. Divide by 1e16 for money.

    exposures: alias with exposure_at_default, specific_provision, risk_weight.
    rates: alias with capital_ratio.
-#}
{% macro capital_units(exposures, rates) -%}
    {{ cents('(' ~ exposures ~ '.exposure_at_default - ' ~ exposures ~ '.specific_provision)') }}
    * {{ rate_units(exposures ~ '.risk_weight') }}
    * {{ rate_units(rates ~ '.capital_ratio') }}
{%- endmacro %}
