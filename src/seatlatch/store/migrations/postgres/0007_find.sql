-- The oldest seatlatch that can use this schema: 0.2.0
-- Find tickets by what a person knows. Each index but the one of barcodes begins with the
-- organization, so that a search reads nothing of others. A lock, unlock, hold or void changes none of
-- the indexed columns. The columns get the order of bytes, as on SQLite, which rewrites no row.
ALTER TABLE seatlatch.tickets
    ALTER COLUMN owner_id TYPE text COLLATE "C",
    ALTER COLUMN section  TYPE text COLLATE "C",
    ALTER COLUMN "row"    TYPE text COLLATE "C",
    ALTER COLUMN seat     TYPE text COLLATE "C";

CREATE INDEX tickets_by_owner   ON seatlatch.tickets (organization_id, owner_id, coalesce(access_id, ''), token);
CREATE INDEX tickets_by_section ON seatlatch.tickets (organization_id, section,
    coalesce(access_id, ''), coalesce("row", ''), coalesce(seat, ''), token) WHERE section IS NOT NULL;
CREATE INDEX tickets_by_row     ON seatlatch.tickets (organization_id, "row",
    coalesce(section, ''), coalesce(seat, ''), token) WHERE "row" IS NOT NULL;
CREATE INDEX tickets_by_seat    ON seatlatch.tickets (organization_id, seat,
    coalesce("row", ''), token) WHERE seat IS NOT NULL;

-- A barcode is looked up with its event or without.
DROP INDEX seatlatch.tickets_by_barcode;
CREATE INDEX tickets_by_barcode ON seatlatch.tickets (barcode, coalesce(access_id, ''), token)
    WHERE barcode IS NOT NULL;

-- The listings of tickets whose lock request does not name it in the journal: it is from before the
-- journal had listings, or was pruned. A row may be out of date; the ticket itself decides.
CREATE TABLE seatlatch.earlier_listings (
    token               text COLLATE "C" PRIMARY KEY,
    external_listing_id text COLLATE "C" NOT NULL
);
INSERT INTO seatlatch.earlier_listings
SELECT token, external_listing_id FROM seatlatch.tickets WHERE external_listing_id IS NOT NULL;
CREATE INDEX earlier_listings_by_id ON seatlatch.earlier_listings (external_listing_id, token);
