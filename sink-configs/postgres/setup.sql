-- Landing {{landing}}: PostgreSQL. May be run again at any time; it adds what is missing and removes nothing.
-- Run it in the database {{database}} as a role with CREATEROLE that may create schemas there.
-- Then give the sink its password:  \password {{user}}
--@ The tables are made here, not by the connector, so that the types are ours (timestamptz, NOT NULL keys).

-- What is there already is no news.
SET client_min_messages = warning;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {{user_text}}) THEN
    CREATE ROLE {{user}} LOGIN NOINHERIT;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {{reader_text}}) THEN
    CREATE ROLE {{reader}} NOLOGIN;
  END IF;
  -- Since PostgreSQL 16 who makes a role is its member, but may not act as it before this.
  EXECUTE format('GRANT %I TO %I', {{user_text}}, current_user);
END
$$;

GRANT CONNECT ON DATABASE {{database}} TO {{user}}, {{reader}};
CREATE SCHEMA IF NOT EXISTS {{schema}} AUTHORIZATION {{user}};

-- From here on as the sink itself: adding a column needs the table's owner.
SET ROLE {{user}};
GRANT USAGE ON SCHEMA {{schema}} TO {{reader}};
ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}} GRANT SELECT ON TABLES TO {{reader}};

-- A key longer than an index entry holds (2,704 bytes) would stop the connector with all its tables. Such a row is put aside instead; one that was
-- deleted since may still be listed.
CREATE TABLE IF NOT EXISTS {{schema}}._put_aside (
  table_name text NOT NULL,
  key_md5 text NOT NULL,
  reason text NOT NULL,
  put_aside_at timestamptz NOT NULL DEFAULT now(),
  row_value json NOT NULL,
  PRIMARY KEY (table_name, key_md5)
);
CREATE OR REPLACE FUNCTION {{schema}}.tributary_put_aside() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  hash text := (SELECT md5(string_agg(to_json(NEW) ->> of_key, E'\x1f' ORDER BY place)) FROM unnest(TG_ARGV) WITH ORDINALITY AS keys (of_key, place));
BEGIN
  IF NEW._deleted THEN
    DELETE FROM {{schema}}._put_aside WHERE table_name = TG_TABLE_NAME AND key_md5 = hash;
  ELSE
    INSERT INTO {{schema}}._put_aside (table_name, key_md5, reason, row_value) VALUES (TG_TABLE_NAME, hash, 'the key is too long for an index', to_json(NEW))
    ON CONFLICT (table_name, key_md5) DO UPDATE SET put_aside_at = now(), row_value = excluded.row_value;
  END IF;
  RETURN NULL;
END
$$;

--@ each table
-- {{topic}}
CREATE TABLE IF NOT EXISTS {{schema}}.{{table}} (
  {{columns}},
  PRIMARY KEY ({{key}})
);
{{add_columns}}
{{guard}}
COMMENT ON TABLE {{schema}}.{{table}} IS {{docs_text}};
{{comments}}

--@ end
GRANT SELECT ON ALL TABLES IN SCHEMA {{schema}} TO {{reader}};

-- A column the connector added by itself holds UTC without saying so.
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = {{schema_text}} AND t.table_type = 'BASE TABLE' AND c.data_type = 'timestamp without time zone'
  LOOP
    EXECUTE format('ALTER TABLE %I.%I ALTER COLUMN %I TYPE timestamptz USING %3$I AT TIME ZONE ''UTC''', {{schema_text}}, found.table_name, found.column_name);
  END LOOP;
END
$$;
RESET ROLE;
RESET client_min_messages;
