-- Landing {{landing}}: Snowflake. May be run again at any time; it adds what is missing and removes nothing.
-- Needs the roles SECURITYADMIN and SYSADMIN. Make the key pair first and give the sink its public half:
--   openssl genrsa 2048 | openssl pkcs8 -topk8 -inform PEM -nocrypt -out rsa_key.p8
--   openssl rsa -in rsa_key.p8 -pubout -out rsa_key.pub
--   ALTER USER {{user}} SET RSA_PUBLIC_KEY = '<rsa_key.pub without header, footer and line breaks>';
USE ROLE SECURITYADMIN;
CREATE ROLE IF NOT EXISTS {{role}};
CREATE ROLE IF NOT EXISTS {{reader}};
GRANT ROLE {{role}} TO ROLE SYSADMIN;
GRANT ROLE {{reader}} TO ROLE SYSADMIN;
CREATE USER IF NOT EXISTS {{user}} DEFAULT_ROLE = {{role}} DEFAULT_WAREHOUSE = {{warehouse}};
GRANT ROLE {{role}} TO USER {{user}};
USE ROLE SYSADMIN;
CREATE WAREHOUSE IF NOT EXISTS {{warehouse}} WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE;
CREATE DATABASE IF NOT EXISTS {{database}};
CREATE SCHEMA IF NOT EXISTS {{database}}.{{schema}};
GRANT USAGE ON WAREHOUSE {{warehouse}} TO ROLE {{reader}};
GRANT USAGE ON DATABASE {{database}} TO ROLE {{role}};
GRANT USAGE ON DATABASE {{database}} TO ROLE {{reader}};
GRANT USAGE ON SCHEMA {{database}}.{{schema}} TO ROLE {{role}};
GRANT USAGE ON SCHEMA {{database}}.{{schema}} TO ROLE {{reader}};

--@ each table
-- {{topic}}
CREATE TABLE IF NOT EXISTS {{log}} (
  {{columns}},
  RECORD_METADATA VARIANT
);
{{add_columns}}
GRANT SELECT, INSERT ON TABLE {{log}} TO ROLE {{role}};

--@ end
