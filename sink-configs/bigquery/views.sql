-- Landing {{landing}}: the current rows.
--@ each table
CREATE OR REPLACE VIEW {{view}} AS
{{current_rows}};

--@ end
