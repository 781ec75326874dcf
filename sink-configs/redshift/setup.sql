-- Landing {{landing}}: Amazon Redshift. May be run again at any time; it adds what is missing and removes nothing.
-- Run it as a superuser of {{database}}. Create the user first, with a password of your own:
--   CREATE USER {{user}} PASSWORD '...';
--   CREATE GROUP {{reader}};
CREATE SCHEMA IF NOT EXISTS {{schema}};
GRANT USAGE ON SCHEMA {{schema}} TO {{user}};
GRANT USAGE ON SCHEMA {{schema}} TO GROUP {{reader}};

--@ each table
-- {{topic}}
CREATE TABLE IF NOT EXISTS {{log}} (
  {{columns}}
) DISTKEY ({{first_key}}) SORTKEY (_kafka_offset);
GRANT SELECT, INSERT, DELETE ON {{log}} TO {{user}};

--@ end
