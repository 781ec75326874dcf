-- Landing {{landing}}: the current rows over the append-only logs.
--@ each table
IF OBJECT_ID({{view_name_text}}) IS NOT NULL DROP VIEW {{view}};
EXEC({{view_text}});
--@ end
