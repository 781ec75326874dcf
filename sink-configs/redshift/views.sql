-- Landing {{landing}}: the current rows over the append-only logs.
--@ each table
CREATE OR REPLACE VIEW {{view}} AS
{{current_rows}};
GRANT SELECT ON {{view}} TO GROUP {{reader}};

--@ end
