-- A wallet that is named in place of another one pays only after the chain was asked what the others have sent: the number of
-- the naming for which that was done last. Of a ledger's first wallet there are no others.
ALTER TABLE wallet ADD COLUMN compared_for integer;
-- The version before asked when it met a wallet for the first time, and let none that it knew wait.
UPDATE wallet SET compared_for = (
  SELECT max(no) FROM paying_wallet
   WHERE paying_wallet.chain_id = wallet.chain_id AND paying_wallet.address = wallet.address);
