-- What is charged in a region: a country by ISO 3166-1 or a part of one by ISO 3166-2.
CREATE TABLE tax_region (
    region text PRIMARY KEY CHECK (region ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
    -- Name and rate of each, in the order they are charged.
    taxes jsonb NOT NULL CHECK (jsonb_typeof(taxes) = 'array'),
    behavior text NOT NULL CHECK (behavior IN ('exclusive', 'inclusive')),
    -- A business with a tax id pays the tax itself.
    reverse_charge boolean NOT NULL
);

-- What is charged where a customer is: in the part of the country, else in the country; null where neither is known.
CREATE FUNCTION tax_region_of(wanted text) RETURNS tax_region LANGUAGE sql STABLE AS $$
    SELECT r FROM tax_region r WHERE r.region IN (wanted, split_part(wanted, '-', 1))
    ORDER BY length(r.region) DESC LIMIT 1
$$;

ALTER TABLE customer ADD COLUMN tax_region text CHECK (tax_region ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
    ADD COLUMN tax_id text CHECK (tax_id <> ''),
    ADD COLUMN tax_exempt boolean NOT NULL DEFAULT false,
    ADD CHECK (tax_id IS NULL OR tax_region IS NOT NULL);

-- Taxes that its prices held when they were last billed: MRR is without them.
ALTER TABLE subscription ADD COLUMN included_taxes jsonb NOT NULL DEFAULT '[]'
    CHECK (jsonb_typeof(included_taxes) = 'array');

-- How an invoice was taxed, and the customer's region and tax id as they were.
ALTER TABLE invoice ADD COLUMN tax_treatment text NOT NULL DEFAULT 'taxed'
        CHECK (tax_treatment IN ('taxed', 'exempt', 'reverse_charge')),
    ADD COLUMN tax_behavior text NOT NULL DEFAULT 'exclusive' CHECK (tax_behavior IN ('exclusive', 'inclusive')),
    ADD COLUMN tax_rounding text NOT NULL DEFAULT 'per_line' CHECK (tax_rounding IN ('per_line', 'per_invoice')),
    ADD COLUMN customer_region text,
    ADD COLUMN customer_tax_id text;
ALTER TABLE credit_note ADD COLUMN customer_tax_id text;

-- Each tax on a line with its name, rate and amount. What lines had so far was one tax without a name.
ALTER TABLE invoice_line ADD COLUMN taxes jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(taxes) = 'array');
ALTER TABLE credit_note_line ADD COLUMN taxes jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(taxes) = 'array');
ALTER TABLE invoice_line DISABLE TRIGGER invoice_line_immutable;
UPDATE invoice_line l SET taxes = jsonb_build_array(jsonb_build_object('name', 'Tax', 'rate', l.tax_rate::text,
    'amount', jsonb_build_object('amount', l.tax_minor, 'currency', i.currency)))
FROM invoice i WHERE i.id = l.invoice_id AND l.tax_rate > 0;
ALTER TABLE invoice_line ENABLE TRIGGER invoice_line_immutable;
ALTER TABLE credit_note_line DISABLE TRIGGER credit_note_line_immutable;
UPDATE credit_note_line l SET taxes = jsonb_build_array(jsonb_build_object('name', 'Tax', 'rate', l.tax_rate::text,
    'amount', jsonb_build_object('amount', l.tax_minor, 'currency', n.currency)))
FROM credit_note n WHERE n.id = l.credit_note_id AND l.tax_rate > 0;
ALTER TABLE credit_note_line ENABLE TRIGGER credit_note_line_immutable;
ALTER TABLE invoice_line DROP COLUMN tax_rate;
ALTER TABLE credit_note_line DROP COLUMN tax_rate;
