-- Landing {{landing}}: the current rows over the append-only logs.
--@ each table
CREATE OR REPLACE VIEW {{view}} COPY GRANTS AS
{{current_rows}};
GRANT SELECT ON VIEW {{view}} TO ROLE {{reader}};

--@ end
