-- Landing {{landing}}: Azure Synapse, dedicated pool {{database}}. May be run again; it adds what is missing and removes nothing.
-- Create login and user first, with a password of your own (the login in master):
--   CREATE LOGIN {{user}} WITH PASSWORD = '...';
--   CREATE USER {{user}} FOR LOGIN {{user}};
--   CREATE ROLE {{reader}};
IF SCHEMA_ID({{schema_text}}) IS NULL EXEC({{create_schema_text}});

--@ each table
-- {{topic}}
IF OBJECT_ID({{log_text}}) IS NULL EXEC({{create_text}});
{{add_columns}}
{{create_stage}}

--@ end
GRANT SELECT, INSERT, DELETE ON SCHEMA::{{schema}} TO {{user}};
GRANT SELECT ON SCHEMA::{{schema}} TO {{reader}};
{{grant_copy}}
