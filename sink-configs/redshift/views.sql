-- Landing {{landing}}: the current rows over the append-only logs.
-- Redshift replaces a view only by one with the very same columns, so each is dropped and made again within a transaction. Rights that
-- anybody but {{reader}} was given on a view have to be given again; a view of yours over one of these is in the way unless it was made WITH NO SCHEMA BINDING.
--@ each table
BEGIN;
DROP VIEW IF EXISTS {{view}};
CREATE OR REPLACE VIEW {{view}} AS
{{current_rows}};
GRANT SELECT ON {{view}} TO GROUP {{reader}};
COMMIT;

--@ end
