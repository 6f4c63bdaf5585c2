"""The report of examples/squid_report.rs by DuckDB: duckdb_report.py LOG FORM > report.csv

FORM is how the line is cut: `csv` reads blanks as separators and drops the empty columns that
padding makes, `regex` matches the line, `split` splits it at runs of blanks.
"""

import sys

import duckdb

LOG, FORM = sys.argv[1], sys.argv[2]
LINES = f"""read_csv('{LOG}', columns = {{'line': 'VARCHAR'}}, delim = '\\x01', header = false,
    quote = '', escape = '', auto_detect = false)"""
FIELDS = {
    "split": f"""SELECT f[3] AS address, f[5]::BIGINT AS bytes, f[7] AS url, f[8] AS name
        FROM (SELECT string_split_regex(line, ' +') AS f FROM {LINES})""",
    "regex": f"""SELECT f.address, f.bytes::BIGINT AS bytes, f.url, f.name FROM (SELECT
        regexp_extract(line, '^\\S+ +\\S+ (\\S+) \\S+ (\\d+) \\S+ (\\S+) (\\S+) ',
        ['address', 'bytes', 'url', 'name']) AS f FROM {LINES})""",
    # The elapsed time is padded to six places: after the time come one to six blanks.
    "csv": f"""SELECT v[2] AS address, v[4]::BIGINT AS bytes, v[6] AS url, v[7] AS name FROM (
        SELECT list_filter([c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15],
        lambda x: x IS NOT NULL AND x != '') AS v
        FROM read_csv('{LOG}', delim = ' ', header = false, quote = '', escape = '',
        auto_detect = false, null_padding = true,
        columns = {{{", ".join(f"'c{n}': 'VARCHAR'" for n in range(16))}}}))""",
}
QUERY = f"""
COPY (
    SELECT host, count(*), sum(bytes)::BIGINT, count(DISTINCT name) FILTER (name != '-'),
        count(DISTINCT address)
    FROM (SELECT *, CASE WHEN contains(url, '://')
        THEN split_part(split_part(url, '/', 3), ':', 1) ELSE split_part(url, ':', 1) END AS host
        FROM ({FIELDS[FORM]}))
    GROUP BY host ORDER BY host
) TO '/dev/stdout' (FORMAT csv, HEADER false)
"""
connection = duckdb.connect()
connection.execute(QUERY)
