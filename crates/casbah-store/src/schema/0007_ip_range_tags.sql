-- A range's tags as every column of many holds them: a name may have a bar in it.

UPDATE ip_range SET tags_folded =
    CASE WHEN tags_folded = '||' THEN '' ELSE REPLACE(tags_folded, '|', '
') END;
