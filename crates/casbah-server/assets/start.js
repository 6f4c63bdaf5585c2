// Leads on from the server's bare address: to the page of an alert that stands behind the
// number sign (/#/alerts/ID, as records of the API have it), which no server is sent, or
// to the first page.
"use strict";
const found = /^#\/alerts\/([0-9a-f]{24})\/?$/i.exec(location.hash);
location.replace(found ? `/portal/alerts/${found[1]}` : "/portal/");
