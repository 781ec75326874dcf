-- Landing {{landing}}: BigQuery. May be run again at any time; it adds what is missing and removes nothing.
-- The project needs billing switched on. Give the account roles/bigquery.jobUser in the project, outside SQL.
CREATE SCHEMA IF NOT EXISTS {{schema}};
GRANT `roles/bigquery.dataEditor` ON SCHEMA {{schema}} TO {{account_text}};

--@ each table
-- {{topic}}
CREATE TABLE IF NOT EXISTS {{stored}} (
  {{columns}}
) {{partition}}CLUSTER BY {{cluster}};
{{add_columns}}

--@ end
