-- Landing {{landing}}: loads the JSON lines a Blob sink has written, instead of rows of the Synapse connector.
-- Run it by a schedule, as {{user}}, never twice at a time. A file may be loaded any number of times: what has landed is passed over.
-- {{read_by}}
--@ COPY INTO reads no JSON: every line is loaded as one column and taken apart here.
--@ each table
DELETE FROM {{stage}};
COPY INTO {{stage}} (line) FROM {{files}} WITH (FILE_TYPE = 'CSV', COMPRESSION = 'GZIP', FIELDTERMINATOR = '0x0b', FIELDQUOTE = '0x0c', ROWTERMINATOR = '0x0a', ENCODING = 'UTF8', CREDENTIAL = ({{credential}}));
INSERT INTO {{log}} ({{log_columns}})
SELECT {{log_values}}
FROM {{stage}} CROSS APPLY OPENJSON(line) WITH (
  {{json_columns}}
) AS parsed
WHERE {{not_landed}};
DELETE FROM {{stage}};
--@ end
