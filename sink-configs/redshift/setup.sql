-- Landing {{landing}}: Amazon Redshift. May be run again at any time; it adds what is missing and removes nothing.
-- Run it as a superuser of {{database}}. Create the user first, with a password of your own:
--   CREATE USER {{user}} PASSWORD '...';
--   CREATE GROUP {{reader}};
CREATE SCHEMA IF NOT EXISTS {{schema}};
GRANT USAGE ON SCHEMA {{schema}} TO {{user}};
GRANT USAGE ON SCHEMA {{schema}} TO GROUP {{reader}};
{{grant_copy}}

-- Redshift has no ADD COLUMN IF NOT EXISTS.
CREATE OR REPLACE PROCEDURE {{schema}}.tributary_add_column(of_table VARCHAR(300), wanted VARCHAR(300), definition VARCHAR(600)) AS $$
DECLARE
  found INTEGER;
BEGIN
  SELECT INTO found COUNT(*) FROM information_schema.columns
  WHERE LOWER(table_schema || '.' || table_name) = LOWER(REPLACE(of_table, '"', '')) AND column_name = wanted;
  IF found = 0 THEN
    EXECUTE 'ALTER TABLE ' || of_table || ' ADD COLUMN ' || definition;
  END IF;
END;
$$ LANGUAGE plpgsql;

--@ each table
-- {{topic}}
CREATE TABLE IF NOT EXISTS {{log}} (
  {{columns}}
) DISTKEY ({{first_key}}) SORTKEY (_kafka_offset);
{{add_columns}}
GRANT SELECT, INSERT, DELETE ON {{log}} TO {{user}};

--@ end
