-- The oldest seatlatch that can use this schema: 0.2.0
-- Find tickets by what a person knows. Each index but the one of barcodes begins with the
-- organization, so that a search reads nothing of others. A lock, unlock, hold or void changes none of
-- the indexed columns. Every key ends with the token, which SQLite adds.
CREATE INDEX tickets_by_owner   ON tickets (organization_id, owner_id, ifnull(access_id, ''));
CREATE INDEX tickets_by_section ON tickets (organization_id, section, ifnull(access_id, ''),
    ifnull("row", ''), ifnull(seat, '')) WHERE section IS NOT NULL;
CREATE INDEX tickets_by_row     ON tickets (organization_id, "row", ifnull(section, ''),
    ifnull(seat, '')) WHERE "row" IS NOT NULL;
CREATE INDEX tickets_by_seat    ON tickets (organization_id, seat, ifnull("row", ''))
    WHERE seat IS NOT NULL;

-- A barcode is looked up with its event or without.
DROP INDEX tickets_by_barcode;
CREATE INDEX tickets_by_barcode ON tickets (barcode, ifnull(access_id, '')) WHERE barcode IS NOT NULL;

-- The listings of tickets whose lock request does not name it in the journal: it is from before the
-- journal had listings, or was pruned. A row may be out of date; the ticket itself decides.
CREATE TABLE earlier_listings (
    token               TEXT PRIMARY KEY,
    external_listing_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX earlier_listings_by_id ON earlier_listings (external_listing_id);
INSERT INTO earlier_listings
SELECT token, external_listing_id FROM tickets WHERE external_listing_id IS NOT NULL;
