-- What events may call each archive that is applied, so that no two sites answer to one name.

CREATE TABLE archive_name (
    name  TEXT PRIMARY KEY,
    site  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX archive_name_site ON archive_name (site);

INSERT OR IGNORE INTO archive_name
SELECT newest.site || '/' || archive.key, newest.site
FROM generation AS newest JOIN json_each(newest.content, '$.archives') AS archive
WHERE newest.site <> '' AND number = (SELECT max(number) FROM generation WHERE site = newest.site);

INSERT OR IGNORE INTO archive_name
SELECT archive.value ->> '$.cloud_id', newest.site
FROM generation AS newest JOIN json_each(newest.content, '$.archives') AS archive
WHERE newest.site <> '' AND archive.value ->> '$.cloud_id' IS NOT NULL
    AND number = (SELECT max(number) FROM generation WHERE site = newest.site)
ORDER BY newest.site;
