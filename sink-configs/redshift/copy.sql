-- Landing {{landing}}: loads the files of an S3 landing instead of rows of the Redshift connector.
-- Run it by a schedule, as {{user}}. A file may be loaded any number of times: what has landed is passed over.
--@ each table
CREATE TEMP TABLE {{stage}} (LIKE {{log}});
COPY {{stage}} FROM {{files}} IAM_ROLE {{iam_role}} FORMAT JSON 'auto' GZIP TIMEFORMAT 'epochmillisecs' ACCEPTINVCHARS MAXERROR 0;
INSERT INTO {{log}} SELECT loaded.* FROM {{stage}} AS loaded WHERE {{not_landed}};
DROP TABLE {{stage}};
--@ end
