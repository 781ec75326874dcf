-- Landing {{landing}}: PostgreSQL. May be run again at any time; it adds what is missing and removes nothing.
-- Run it in the database {{database}} as a role with CREATEROLE that may create schemas there.
-- Then give the sink its password:  \password {{user}}
--@ The tables are made here, not by the connector, so that the types are ours (timestamptz, NOT NULL keys).

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {{user_text}}) THEN
    CREATE ROLE {{user}} LOGIN NOINHERIT;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {{reader_text}}) THEN
    CREATE ROLE {{reader}} NOLOGIN;
  END IF;
  -- Since PostgreSQL 16 who makes a role is its member, but may not act as it before this.
  EXECUTE format('GRANT {{user}} TO %I', current_user);
END
$$;

GRANT CONNECT ON DATABASE {{database}} TO {{user}}, {{reader}};
CREATE SCHEMA IF NOT EXISTS {{schema}} AUTHORIZATION {{user}};

-- From here on as the sink itself: adding a column needs the table's owner.
SET ROLE {{user}};
GRANT USAGE ON SCHEMA {{schema}} TO {{reader}};
ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}} GRANT SELECT ON TABLES TO {{reader}};

--@ each table
-- {{topic}}
CREATE TABLE IF NOT EXISTS {{schema}}.{{table}} (
  {{columns}},
  PRIMARY KEY ({{key}})
);
{{add_columns}}
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
    EXECUTE format('ALTER TABLE {{schema}}.%I ALTER COLUMN %I TYPE timestamptz USING %2$I AT TIME ZONE ''UTC''', found.table_name, found.column_name);
  END LOOP;
END
$$;
RESET ROLE;
