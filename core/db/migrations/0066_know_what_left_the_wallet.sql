-- How many transactions of the wallet were mined when it had this balance: what they paid is in it no more.
ALTER TABLE wallet_balance ADD COLUMN mined_nonce bigint;
