-- Where else an address was seen is what people ask next.
CREATE INDEX activity_ip ON activity (tenant_id, ip, timestamp);
