-- Landing {{landing}}: the current rows over the append-only logs, in the SQL of Trino and Athena. The SELECT alone runs on most others.
--@ each table
CREATE OR REPLACE VIEW {{view}} AS
{{current_rows}};

--@ end
