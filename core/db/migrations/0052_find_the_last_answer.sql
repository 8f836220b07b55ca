-- The last answer about a payee is found by the index below alone. With an index by id of its own, Postgres may go
-- back through the answers about all payees until it meets one about this one.
ALTER TABLE payee_rule DROP CONSTRAINT payee_rule_pkey;
DROP INDEX payee_rule_by_payee;
CREATE UNIQUE INDEX payee_rule_by_payee ON payee_rule (payee, id DESC) NULLS NOT DISTINCT;
ALTER TABLE payee_admission DROP CONSTRAINT payee_admission_pkey;
DROP INDEX payee_admission_by_payee;
CREATE UNIQUE INDEX payee_admission_by_payee ON payee_admission (payee, id DESC) NULLS NOT DISTINCT;
