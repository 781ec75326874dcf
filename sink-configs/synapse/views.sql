-- Landing {{landing}}: the current rows over the append-only logs.
--@ each table
IF OBJECT_ID('{{view}}') IS NOT NULL DROP VIEW {{view}};
EXEC({{view_text}});
--@ end
