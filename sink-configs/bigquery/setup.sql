-- Landing {{landing}}: BigQuery. May be run again at any time; it adds what is missing and removes nothing.
-- The project needs billing switched on. Give the account roles/bigquery.jobUser in the project, outside SQL.
CREATE SCHEMA IF NOT EXISTS `{{project}}.{{dataset}}`;
GRANT `roles/bigquery.dataEditor` ON SCHEMA `{{project}}.{{dataset}}` TO "serviceAccount:{{service_account}}";

--@ each table
-- {{topic}}
CREATE TABLE IF NOT EXISTS {{stored}} (
  {{columns}}
) CLUSTER BY {{cluster}};
{{add_columns}}

--@ end
