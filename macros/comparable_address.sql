{#- An address as it compares: lower case, one space between words, no punctuation, Rd as Road. -#}
{% macro comparable_address(address) -%}
    regexp_replace(
        trim(regexp_replace(lower({{ address }}), '[^\p{L}\p{N}]+', ' ', 'g')),
        '\brd\b', 'road', 'g'
    )
{%- endmacro %}

{#- Family name of a person: the first of several words, else the first character (Chinese script). -#}
{% macro family_name(full_name) -%}
    case
        when strpos(trim({{ full_name }}), ' ') > 0 then lower(split_part(trim({{ full_name }}), ' ', 1))
        else lower(left(trim({{ full_name }}), 1))
    end
{%- endmacro %}
