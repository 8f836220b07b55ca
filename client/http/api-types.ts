/** The types of the API, made from its OpenAPI document by `npm run openapi`. */

export interface paths {
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The pool's figures in Prometheus' text format. */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: operations["getOpenapiJson"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The first manager's totals. */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/transcoder": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The first manager's list of transcoders. */
        get: operations["getTranscoder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/transcoders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The first manager's list of remote workers, under its older name. */
        get: operations["getTranscoders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/adjustments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds to what is pending for a payee, or takes from it.
         * @description Needs a token with the role `admin`.
         */
        post: operations["postV1Adjustments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/archives": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The months of events that are in files. */
        get: operations["getV1Archives"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit-log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who decided what, and why, the newest first.
         * @description Needs a token with the role `read`.
         */
        get: operations["getV1AuditLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/days": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the pool earned by day, node type, region, pipeline and model. */
        get: operations["getV1Days"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/findings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What looks wrong with what comes in. */
        get: operations["getV1Findings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/findings/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Says that a finding is known.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1FindingsIdAcknowledge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How remote workers stand by pipeline and model, why, and what lifts it.
         * @description Needs a token with the role `read`.
         */
        get: operations["getV1Guard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guard/effect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether orchestrators obeyed the list of preferred workers, hour by hour.
         * @description Needs a token with the role `read`.
         */
        get: operations["getV1GuardEffect"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guard/overrides": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What operators decided instead of the guard, the newest first.
         * @description Needs a token with the role `read`.
         */
        get: operations["getV1GuardOverrides"];
        put?: never;
        /**
         * Decides instead of the guard how a payee stands, until a time.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1GuardOverrides"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guard/overrides/{id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends an override now.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1GuardOverridesIdWithdraw"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether this process answers. */
        get: operations["getV1Health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whom people have invited, the newest first.
         * @description Needs a token with the role `read`.
         */
        get: operations["getV1Invitations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells when a page has changed. */
        get: operations["getV1Live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was told to operators and workers, and what became of it.
         * @description Needs a token with the role `read`.
         */
        get: operations["getV1Notices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/needs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What needs a hand, sorted by the money that waits times how long it has waited.
         * @description Needs a token with the role `read`.
         */
        get: operations["getV1OperatorNeeds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Payees with their balances. */
        get: operations["getV1Payees"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees/{address}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One payee, with its remote workers and newest payouts. */
        get: operations["getV1PayeesAddress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees/{address}/days": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a payee earned by day, node type, region, pipeline and model. */
        get: operations["getV1PayeesAddressDays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees/{address}/invite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invites a payee, seen or not: what it has earned can be paid at once.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1PayeesAddressInvite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees/{address}/statement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was credited to a payee and paid in a period of booking, with the balance after each line. */
        get: operations["getV1PayeesAddressStatement"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees/{address}/uninvite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Withdraws the invitation of a payee: what it has earned is kept.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1PayeesAddressUninvite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees/{address}/why": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Why a payee is paid or not: every gate of the pool, the round and the payout. */
        get: operations["getV1PayeesAddressWhy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees/{address}/wishes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a payee decided itself. */
        get: operations["getV1PayeesAddressWishes"];
        put?: never;
        /** Takes a message that the payee signed. The signature is the authority: no token. */
        post: operations["postV1PayeesAddressWishes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payees/{address}/wishes/message": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The message by which a payee decides something itself, to be signed with its key. */
        get: operations["getV1PayeesAddressWishesMessage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Payouts with their state, transaction, and why they wait, the newest first. */
        get: operations["getV1Payouts"];
        put?: never;
        /**
         * Reserves what is pending for a payee and pays it.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1Payouts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One payout, with its nonces, what was signed, and where its amount came from. */
        get: operations["getV1PayoutsId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets a payout go that is above a limit for a single one.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1PayoutsIdApprove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}/bump": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a signed payout again with a higher fee, under the same nonce.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1PayoutsIdBump"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends a payout that is not signed yet; its amount is pending again.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1PayoutsIdCancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}/credits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a payout settles: all of it together is its amount, to the wei. */
        get: operations["getV1PayoutsIdCredits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}/hold": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keeps a reserved payout from being signed.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1PayoutsIdHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets a held payout go on.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1PayoutsIdResume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/pool": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The totals of the pool, and the terms in force. */
        get: operations["getV1Pool"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether Postgres and Temporal answer this process. */
        get: operations["getV1Ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rebuild": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What it came to when every balance was worked out again from the raw events. */
        get: operations["getV1Rebuild"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reconciliation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the chain compares with the ledger, to the wei. */
        get: operations["getV1Reconciliation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/revenue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What tickets brought, against what was credited. */
        get: operations["getV1Revenue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/revenue/periods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The periods in which the pool shared what it redeemed. */
        get: operations["getV1RevenuePeriods"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/revenue/redemptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The transactions that redeemed tickets. */
        get: operations["getV1RevenueRedemptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/round/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who would be paid by a round now, and why the others would not. */
        get: operations["getV1RoundPreview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rounds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes exactly the round that a preview showed.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1Rounds"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/set-aside": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events that could not be counted, with the reason, the newest first. */
        get: operations["getV1SetAside"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/set-aside/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tries again what was set aside.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1SetAsideRetry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/set-aside/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One event that could not be counted, in full, with what helps. */
        get: operations["getV1SetAsideId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/shadow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What differs from the manager that this pool runs beside, by the last comparison.
         * @description Needs a token with the role `read`.
         */
        get: operations["getV1Shadow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/solvency": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the pool holds what it owes. */
        get: operations["getV1Solvency"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where events come from, and how well. */
        get: operations["getV1Sources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{id}/backfill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reads a configured source again.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1SourcesIdBackfill"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{id}/hours": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The events of a source by type and hour. */
        get: operations["getV1SourcesIdHours"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{id}/move": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Says that a source is at another address now.
         * @description Needs a token with the role `admin`.
         */
        post: operations["postV1SourcesIdMove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{id}/prices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a compute unit of a source cost lately, next to its usual price. */
        get: operations["getV1SourcesIdPrices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets a source that was stopped be read again.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1SourcesIdResume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Since when no source is read, and why. */
        get: operations["getV1Sync"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sync/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets no pass begin on any source until it is resumed.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1SyncPause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sync/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the pause of the sync.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1SyncResume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/terms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The terms: in force, announced, every version, and what the running workers’ files say. */
        get: operations["getV1Terms"];
        put?: never;
        /**
         * Changes the terms from a time on.
         * @description Needs a token with the role `admin`.
         */
        post: operations["postV1Terms"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/unattributed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Jobs that nobody is credited for. */
        get: operations["getV1Unattributed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/unattributed/absorb": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keeps jobs that nobody is credited for for the pool.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1UnattributedAbsorb"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/unattributed/assign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Credits jobs that nobody is credited for to a payee.
         * @description Needs a token with the role `admin`.
         */
        post: operations["postV1UnattributedAssign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallet": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The wallet that pays. */
        get: operations["getV1Wallet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallet/halt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stops all payouts from the next broadcast on.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1WalletHalt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallet/replace": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets the ledger pay from another wallet from now on.
         * @description Needs a token with the role `admin`.
         */
        post: operations["postV1WalletReplace"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallet/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends every halt that a person may end.
         * @description Needs a token with the role `operate`.
         */
        post: operations["postV1WalletResume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Remote workers with their balances. */
        get: operations["getV1Workers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The first manager's list of remote workers. */
        get: operations["getWorkers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description An address with its EIP-55 checksum. */
        Address: string;
        Adjustment: {
            applied: boolean;
            already: boolean;
            payee: components["schemas"]["Address"];
            nodeType: components["schemas"]["NodeType"];
            region: string;
            amountWei: components["schemas"]["Wei"];
            amountEth: components["schemas"]["Eth"];
            pendingWei: components["schemas"]["Wei"];
            pendingEth: components["schemas"]["Eth"];
            words: string;
        };
        Archive: {
            month: string;
            file: string;
            /** @enum {string} */
            state: "written" | "archived" | "restored";
            rows: number;
            bytes: number;
            sha256: string;
            from: components["schemas"]["Time"];
            to: components["schemas"]["Time"];
            grossWei: components["schemas"]["Wei"];
            grossEth: components["schemas"]["Eth"];
            sources: string[];
            archivedAt: components["schemas"]["Time"] | null;
            restoredAt: components["schemas"]["Time"] | null;
        };
        AuditLogEntry: {
            id: string;
            at: components["schemas"]["Time"];
            actor: string;
            action: string;
            subject: string;
            reason: string;
            detail: unknown;
        };
        CheckFinding: {
            code: string;
            message: string;
        };
        /** @description Of another asset: claimed, not paid by this program. */
        Claim: {
            asset: string;
            /** @description In the asset, exact. */
            amount: string;
            /** @description The same in its smallest units, 10^decimals to one. */
            units: components["schemas"]["Whole"];
            decimals: number;
            /** @description The first UTC day that counts. */
            from: string;
            /** @description The last UTC day that counts. */
            to: string;
            words: string;
        };
        /** @description net = gross - commission + adjusted. */
        EarnedDay: {
            /**
             * Format: date
             * @description A day in UTC, by the time of the jobs.
             */
            day: string;
            nodeType: components["schemas"]["NodeType"];
            region: string;
            /** @description Null when the events name none, and without a token when it may be no name. */
            pipeline: string | null;
            /** @description Null when the events name none, and without a token when it may be no name. */
            modelId: string | null;
            jobs: components["schemas"]["Whole"];
            computeUnits: components["schemas"]["Whole"];
            grossWei: components["schemas"]["Wei"];
            grossEth: components["schemas"]["Eth"];
            commissionWei: components["schemas"]["Wei"];
            commissionEth: components["schemas"]["Eth"];
            adjustedWei: components["schemas"]["Wei"];
            adjustedEth: components["schemas"]["Eth"];
            netWei: components["schemas"]["Wei"];
            netEth: components["schemas"]["Eth"];
        };
        /** @description Why a request was refused. */
        Error: {
            /** @enum {string} */
            code: "ADDRESS_MALFORMED" | "ADJUSTMENT_BELOW_ZERO" | "ADJUSTMENT_REFERENCE_USED" | "API_BUSY" | "API_TOKEN_ROLE_TOO_LOW" | "API_TOKEN_TRIED_TOO_OFTEN" | "API_TOKEN_WRONG" | "AUDIT_BEHIND" | "BODY_TOO_LARGE" | "CURSOR_MALFORMED" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "FINDING_NOT_FOUND" | "FINDING_RESOLVED" | "IDEMPOTENCY_KEY_REUSED" | "INTERNAL" | "INVARIANT_BROKEN" | "JOB_ALREADY_CREDITED" | "JOB_ALREADY_DECIDED" | "JOB_NOT_FOUND" | "NONCE_AHEAD_OF_LEDGER" | "NONCE_TAKEN_BY_UNKNOWN" | "ORDERED_DAY_ABOVE_CAP" | "ORDER_ENDED" | "OVERRIDE_NOT_FOUND" | "PAYEE_IS_WALLET" | "PAYEE_UNKNOWN" | "PAYEE_UNPAYABLE" | "PAYOUT_ALREADY_CLOSED" | "PAYOUT_ALREADY_SIGNED" | "PAYOUT_NOTHING_DUE" | "PAYOUT_NOT_FOUND" | "PAYOUT_NOT_HELD" | "PAYOUT_NOT_SIGNED" | "PAYOUT_TOO_SOON" | "POOL_WRONG" | "REPAIR_RUNNING" | "REQUEST_INVALID" | "ROUND_DIFFERS" | "ROUTE_NOT_FOUND" | "SET_ASIDE_NOT_FOUND" | "SOURCE_NOT_STOPPED" | "SOURCE_READ_TWICE" | "SOURCE_UNKNOWN" | "TEMPORAL_UNREACHABLE" | "TERMS_FROM_PAST" | "TERMS_FROM_TAKEN" | "TERMS_SHARE_REVENUE" | "TERMS_UNKNOWN" | "WALLET_HALTED" | "WALLET_REPLACED" | "WALLET_UNKNOWN" | "WALLET_USED_BEFORE" | "WISH_DESTINATION_REFUSED" | "WISH_EXPIRED" | "WISH_MALFORMED" | "WISH_NOTHING_TO_REVOKE" | "WISH_NOT_SIGNED" | "WISH_OTHER_CHAIN" | "WISH_OTHER_PAYEE" | "WISH_OTHER_POOL" | "WISH_OUT_OF_BOUNDS" | "WISH_OUT_OF_TURN" | "WISH_REPLAYED" | "WISH_TOO_MANY" | "WISH_UNVERIFIED" | "WORKER_NOT_NAMED" | "WORKER_SILENT";
            /** @description What is wrong, in a sentence. */
            message: string;
            /** @description What to do about it. */
            help: string;
            /** @description The figures of the message, for programs. */
            detail?: Record<string, never>;
            /** @description As in `X-Request-Id`, and in the log. */
            requestId?: string;
        };
        /** @description The same amount in ETH, exact, without trailing zeros. */
        Eth: string;
        Finding: {
            id: string;
            code: string;
            source: string;
            subject: string;
            /** @enum {string} */
            severity: "warning" | "grave";
            words: string;
            figures: {
                [key: string]: string | number | null;
            };
            openedAt: components["schemas"]["Time"];
            seenAt: components["schemas"]["Time"];
            timesSeen: number;
            resolvedAt: components["schemas"]["Time"] | null;
            acknowledged: {
                at: components["schemas"]["Time"];
                by: string;
                reason: string | null;
            } | null;
        };
        FirstManagersWorker: {
            ethAddress: components["schemas"]["Address"];
            nodeType: components["schemas"]["NodeType"];
            region: string;
            is_connected: boolean;
            /** @description A JSON number with all its digits: more than a double holds. */
            pending_fees: number;
            /** @description A JSON number with all its digits: more than a double holds. */
            paid_fees: number;
            last_updated: components["schemas"]["Time"];
            connection: string;
        };
        /** @description Something that money has to pass on its way to a payee. */
        Gate: {
            name: string;
            isOpen: boolean;
            code: string | null;
            reason: string | null;
            /** @description What it means to the payee. */
            words: string | null;
            unit: ("wei" | "time" | "count") | null;
            value: (string | number | components["schemas"]["Time"]) | null;
            limit: (string | number | components["schemas"]["Time"]) | null;
            opensByItself: boolean;
            /** @enum {string} */
            opener: "payee" | "pool" | "nobody";
            /** @description How long such waits lasted lately; null when they were too few. */
            usually: {
                waits: number;
                medianMs: number;
                p90Ms: number;
            } | null;
        };
        GuardOverride: {
            id: string;
            ethAddress: components["schemas"]["Address"];
            nodeType: components["schemas"]["NodeType"] | null;
            /** @description Null: any. */
            region: string | null;
            /** @description Null: any. */
            pipeline: string | null;
            /** @description Null: any. */
            modelId: string | null;
            state: components["schemas"]["GuardState"];
            from: components["schemas"]["Time"];
            until: components["schemas"]["Time"];
            by: string;
            reason: string;
            createdAt: components["schemas"]["Time"];
            withdrawnAt: components["schemas"]["Time"] | null;
            withdrawnBy: string | null;
        };
        GuardStanding: {
            ethAddress: components["schemas"]["Address"];
            nodeType: components["schemas"]["NodeType"];
            region: string;
            pipeline: string;
            modelId: string;
            state: components["schemas"]["GuardState"];
            since: components["schemas"]["Time"];
            reason: string;
            lifts: string | null;
            decidedBy: string;
            figures: unknown;
        };
        /** @enum {string} */
        GuardState: "good" | "warned" | "probation" | "excluded";
        /** @description The hash of a transaction. */
        Hash: string;
        Invitation: {
            payee: components["schemas"]["Address"];
            invitedAt: components["schemas"]["Time"];
            actor: string;
            reason: string;
            withdrawn: {
                at: components["schemas"]["Time"];
                by: string;
                reason: string;
            } | null;
        };
        JobDecision: {
            applied: boolean;
            jobs: number;
            already: number;
            grossWei: components["schemas"]["Wei"];
            grossEth: components["schemas"]["Eth"];
            commissionWei: components["schemas"]["Wei"];
            commissionEth: components["schemas"]["Eth"];
            netWei: components["schemas"]["Wei"];
            netEth: components["schemas"]["Eth"];
            shown: {
                job: string;
                payee: components["schemas"]["Address"] | null;
                nodeType: components["schemas"]["NodeType"] | null;
                region: string | null;
                grossWei: components["schemas"]["Wei"];
                grossEth: components["schemas"]["Eth"];
                commissionWei: components["schemas"]["Wei"];
                commissionEth: components["schemas"]["Eth"];
                netWei: components["schemas"]["Wei"];
                netEth: components["schemas"]["Eth"];
            }[];
            words: string;
        };
        Need: {
            /** @enum {string} */
            kind: "halt" | "stop" | "wallet" | "payout" | "payouts" | "payee" | "kept" | "unattributed" | "set-aside" | "finding" | "source" | "sync-paused" | "reconciliation";
            subject: string;
            code: string;
            title: string;
            words: string;
            safe: string;
            atStakeWei: components["schemas"]["Wei"] | null;
            atStakeEth: components["schemas"]["Eth"] | null;
            isGrave: boolean;
            since: components["schemas"]["Time"];
            urgency: string;
            actions: string[];
        };
        /** @enum {string} */
        NodeType: "ai" | "transcode";
        /** @description A nonce of the wallet, with what was signed under it. */
        NonceSlot: {
            chainId: number;
            wallet: components["schemas"]["Address"];
            nonce: number;
            /** @enum {string} */
            state: "open" | "mined" | "failed" | "superseded";
            minedHash: components["schemas"]["Hash"] | null;
            blockNumber: number | null;
            gasUsed: components["schemas"]["Whole"] | null;
            gasPriceWei: components["schemas"]["Wei"] | null;
            createdAt: components["schemas"]["Time"];
            closedAt: components["schemas"]["Time"] | null;
            attempts: {
                n: number;
                hash: components["schemas"]["Hash"];
                gasLimit: components["schemas"]["Whole"];
                maxFeePerGasWei: components["schemas"]["Wei"];
                maxPriorityFeePerGasWei: components["schemas"]["Wei"];
                sends: number;
                firstSentAt: components["schemas"]["Time"] | null;
                lastSentAt: components["schemas"]["Time"] | null;
                lastAnswer: string | null;
                createdAt: components["schemas"]["Time"];
                /** @description Null when none is configured. */
                transactionUrl: string | null;
            }[];
        };
        Notice: {
            /** @description The id under which receivers know it. */
            id: string;
            /** @enum {string} */
            kind: "paid" | "reopened" | "refused" | "waiting" | "halted" | "halt-ended" | "wallet-low" | "source-silent" | "finding" | "drift" | "worker-offline" | "worker-state" | "terms-change" | "destination" | "invitation" | "test";
            at: components["schemas"]["Time"];
            payee: components["schemas"]["Address"] | null;
            title: string;
            text: string;
            data: {
                [key: string]: string | number | boolean | null;
            };
            /** @description Whether it was decided which targets are told. */
            spread: boolean;
            deliveries: {
                target: string;
                /** @enum {string} */
                state: "waiting" | "delivered" | "dead";
                tries: number;
                triedAt: components["schemas"]["Time"] | null;
                nextAt: components["schemas"]["Time"] | null;
                endedAt: components["schemas"]["Time"] | null;
                lastError: string | null;
            }[];
        };
        /** @description What a payee decided itself. */
        OwnSettings: {
            payee: components["schemas"]["Address"];
            nickname: string | null;
            thresholdWei: components["schemas"]["Wei"] | null;
            thresholdEth: components["schemas"]["Eth"] | null;
            leastThresholdWei: components["schemas"]["Wei"];
            leastThresholdEth: components["schemas"]["Eth"];
            mostThresholdWei: components["schemas"]["Wei"];
            mostThresholdEth: components["schemas"]["Eth"];
            /** @description Since when it wants no payouts. */
            pausedSince: components["schemas"]["Time"] | null;
            hasNoticeAddress: boolean;
            /** @description Where it is paid now. */
            destination: components["schemas"]["Address"];
            /** @description A change that can be revoked. Without a time, no worker has confirmed it yet. */
            pendingDestination: {
                destination: components["schemas"]["Address"];
                effectiveAt: components["schemas"]["Time"] | null;
            } | null;
            refusedDestination: {
                destination: components["schemas"]["Address"];
                refusal: string;
            } | null;
            coolDownMs: number;
            nextNonce: number;
        };
        Payee: {
            address: components["schemas"]["Address"];
            /** @description As the pool shows the payee. */
            nickname: string | null;
            tier: string | null;
            badge: string | null;
            workers: number;
            jobs: components["schemas"]["Whole"];
            pendingWei: components["schemas"]["Wei"];
            pendingEth: components["schemas"]["Eth"];
            reservedWei: components["schemas"]["Wei"];
            reservedEth: components["schemas"]["Eth"];
            paidWei: components["schemas"]["Wei"];
            paidEth: components["schemas"]["Eth"];
            earnedWei: components["schemas"]["Wei"];
            earnedEth: components["schemas"]["Eth"];
            openPayoutId: string | null;
            /** @description Why it cannot be paid; null when it can. */
            unpayable: {
                code: string;
                reason: string | null;
                at: components["schemas"]["Time"] | null;
            } | null;
            lastEventAt: components["schemas"]["Time"] | null;
            createdAt: components["schemas"]["Time"];
            /** @description Null when none is configured. */
            explorerUrl: string | null;
        };
        PayeeInFull: {
            address: components["schemas"]["Address"];
            /** @description As the pool shows the payee. */
            nickname: string | null;
            tier: string | null;
            badge: string | null;
            workers: number;
            jobs: components["schemas"]["Whole"];
            pendingWei: components["schemas"]["Wei"];
            pendingEth: components["schemas"]["Eth"];
            reservedWei: components["schemas"]["Wei"];
            reservedEth: components["schemas"]["Eth"];
            paidWei: components["schemas"]["Wei"];
            paidEth: components["schemas"]["Eth"];
            earnedWei: components["schemas"]["Wei"];
            earnedEth: components["schemas"]["Eth"];
            openPayoutId: string | null;
            /** @description Why it cannot be paid; null when it can. */
            unpayable: {
                code: string;
                reason: string | null;
                at: components["schemas"]["Time"] | null;
            } | null;
            lastEventAt: components["schemas"]["Time"] | null;
            createdAt: components["schemas"]["Time"];
            /** @description Null when none is configured. */
            explorerUrl: string | null;
            rows: components["schemas"]["RemoteWorker"][];
            payouts: components["schemas"]["Payout"][];
            claims: components["schemas"]["Claim"][];
        };
        Payout: {
            id: string;
            payee: components["schemas"]["Address"];
            destination: components["schemas"]["Address"];
            amountWei: components["schemas"]["Wei"];
            amountEth: components["schemas"]["Eth"];
            /** @enum {string} */
            state: "reserved" | "signed" | "reopened" | "paid" | "refused" | "failed" | "cancelled";
            /** @enum {string} */
            origin: "round" | "manual";
            roundId: string | null;
            reason: string | null;
            settlementNo: number;
            nonce: components["schemas"]["Whole"] | null;
            txHash: components["schemas"]["Hash"] | null;
            held: {
                at: components["schemas"]["Time"];
                reason: string | null;
            } | null;
            approved: {
                at: components["schemas"]["Time"];
                reason: string | null;
            } | null;
            /** @description Why it waits; null when nothing is waited for. */
            wait: {
                code: string;
                reason: string | null;
            } | null;
            createdAt: components["schemas"]["Time"];
            signedAt: components["schemas"]["Time"] | null;
            closedAt: components["schemas"]["Time"] | null;
            workflowId: string;
            /** @description Null when none is configured. */
            workflowUrl: string | null;
            /** @description Null when none is configured. */
            transactionUrl: string | null;
        };
        /** @description Something that a payout settles, all of it or a part. */
        PayoutCredit: {
            /**
             * @description jobs, late-jobs and assign are jobs; the others are what people or checks booked.
             * @enum {string}
             */
            kind: "jobs" | "late-jobs" | "unattributed" | "reserve" | "settle" | "release" | "reopen" | "adjust" | "assign" | "absorb" | "opening" | "adopt" | "correct" | "bonus" | "revenue-share" | "missing";
            /**
             * @description archived: jobs whose events are in the archive; none: no job.
             * @enum {string}
             */
            detail: "event" | "archived" | "none";
            amountWei: components["schemas"]["Wei"];
            amountEth: components["schemas"]["Eth"];
            workerId: string | null;
            nodeType: components["schemas"]["NodeType"] | null;
            region: string | null;
            postingId: string | null;
            bookedAt: components["schemas"]["Time"] | null;
            reference: string | null;
            reason: string | null;
            job: {
                sourceId: string;
                eventId: string;
                at: components["schemas"]["Time"];
                pipeline: string | null;
                modelId: string | null;
                grossWei: components["schemas"]["Wei"];
                grossEth: components["schemas"]["Eth"];
                commissionWei: components["schemas"]["Wei"];
                commissionEth: components["schemas"]["Eth"];
                netWei: components["schemas"]["Wei"];
                netEth: components["schemas"]["Eth"];
            } | null;
        };
        PayoutCreditSum: {
            /**
             * @description jobs, late-jobs and assign are jobs; the others are what people or checks booked.
             * @enum {string}
             */
            kind: "jobs" | "late-jobs" | "unattributed" | "reserve" | "settle" | "release" | "reopen" | "adjust" | "assign" | "absorb" | "opening" | "adopt" | "correct" | "bonus" | "revenue-share" | "missing";
            /**
             * @description archived: jobs whose events are in the archive; none: no job.
             * @enum {string}
             */
            detail: "event" | "archived" | "none";
            day: string | null;
            pipeline: string | null;
            modelId: string | null;
            jobs: number | null;
            grossWei: components["schemas"]["Wei"] | null;
            grossEth: components["schemas"]["Eth"] | null;
            commissionWei: components["schemas"]["Wei"] | null;
            commissionEth: components["schemas"]["Eth"] | null;
            amountWei: components["schemas"]["Wei"];
            amountEth: components["schemas"]["Eth"];
        };
        PayoutCredits: {
            payoutId: string;
            payee: components["schemas"]["Address"];
            /** @enum {string} */
            state: "reserved" | "signed" | "reopened" | "paid" | "refused" | "failed" | "cancelled";
            amountWei: components["schemas"]["Wei"];
            amountEth: components["schemas"]["Eth"];
            /** @description False: it ended unpaid, and a later payout settles this. */
            settles: boolean;
            /** @description Without `by`: one by one, page by page. */
            credits?: components["schemas"]["PayoutCredit"][];
            /** @description With `by`: added up. */
            sums?: components["schemas"]["PayoutCreditSum"][];
            nextCursor: string | null;
        };
        PayoutInFull: {
            id: string;
            payee: components["schemas"]["Address"];
            destination: components["schemas"]["Address"];
            amountWei: components["schemas"]["Wei"];
            amountEth: components["schemas"]["Eth"];
            /** @enum {string} */
            state: "reserved" | "signed" | "reopened" | "paid" | "refused" | "failed" | "cancelled";
            /** @enum {string} */
            origin: "round" | "manual";
            roundId: string | null;
            reason: string | null;
            settlementNo: number;
            nonce: components["schemas"]["Whole"] | null;
            txHash: components["schemas"]["Hash"] | null;
            held: {
                at: components["schemas"]["Time"];
                reason: string | null;
            } | null;
            approved: {
                at: components["schemas"]["Time"];
                reason: string | null;
            } | null;
            /** @description Why it waits; null when nothing is waited for. */
            wait: {
                code: string;
                reason: string | null;
            } | null;
            createdAt: components["schemas"]["Time"];
            signedAt: components["schemas"]["Time"] | null;
            closedAt: components["schemas"]["Time"] | null;
            workflowId: string;
            /** @description Null when none is configured. */
            workflowUrl: string | null;
            /** @description Null when none is configured. */
            transactionUrl: string | null;
            allocations: {
                workerId: string;
                nodeType: components["schemas"]["NodeType"];
                region: string;
                amountWei: components["schemas"]["Wei"];
                amountEth: components["schemas"]["Eth"];
            }[];
            nonces: components["schemas"]["NonceSlot"][];
        };
        Pool: {
            id: string;
            name: string;
            region: string;
            version: string;
            commissionBps: number | null;
            payoutThresholdWei: components["schemas"]["Wei"] | null;
            payoutThresholdEth: components["schemas"]["Eth"] | null;
            minPayoutIntervalMs: number | null;
            rounding: ("commission-floor" | "net-floor") | null;
            payoutsEnabled: boolean;
            grossWei: components["schemas"]["Wei"];
            grossEth: components["schemas"]["Eth"];
            commissionWei: components["schemas"]["Wei"];
            commissionEth: components["schemas"]["Eth"];
            unattributedWei: components["schemas"]["Wei"];
            unattributedEth: components["schemas"]["Eth"];
            pendingWei: components["schemas"]["Wei"];
            pendingEth: components["schemas"]["Eth"];
            reservedWei: components["schemas"]["Wei"];
            reservedEth: components["schemas"]["Eth"];
            paidWei: components["schemas"]["Wei"];
            paidEth: components["schemas"]["Eth"];
            workers: number;
            workersOnline: number;
            payees: number;
            openPayouts: number;
            unattributedJobs: number;
            setAsideEvents: number;
        };
        Rebuild: {
            id: string;
            at: components["schemas"]["Time"];
            events: number;
            archivedEvents: number;
            /** @description Milliseconds. */
            tookMs: number;
            ok: boolean;
            findings: components["schemas"]["CheckFinding"][];
            findingsTotal: number;
            applied: boolean;
            actor: string;
            reason: string | null;
        };
        Reconciliation: {
            at: components["schemas"]["Time"];
            ok: boolean;
            fromBlock: number;
            toBlock: number;
            fromNonce: number;
            toNonce: number;
            openingWei: components["schemas"]["Wei"];
            openingEth: components["schemas"]["Eth"];
            inWei: components["schemas"]["Wei"];
            inEth: components["schemas"]["Eth"];
            outWei: components["schemas"]["Wei"];
            outEth: components["schemas"]["Eth"];
            gasWei: components["schemas"]["Wei"];
            gasEth: components["schemas"]["Eth"];
            balanceWei: components["schemas"]["Wei"];
            balanceEth: components["schemas"]["Eth"];
            findings: components["schemas"]["CheckFinding"][];
        };
        /** @description open: the chain does not show it as final. nothing: it brought the pool nothing. */
        Redemption: {
            txHash: string;
            /** @enum {string} */
            state: "open" | "redeemed" | "nothing";
            amountWei: components["schemas"]["Wei"];
            amountEth: components["schemas"]["Eth"];
            block: number | null;
            blockAt: components["schemas"]["Time"] | null;
            toldAt: components["schemas"]["Time"];
            period: number | null;
            explorerUrl: string | null;
        };
        RemoteWorker: {
            id: string;
            payee: components["schemas"]["Address"];
            /** @description As the pool shows the payee. */
            nickname: string | null;
            tier: string | null;
            badge: string | null;
            nodeType: components["schemas"]["NodeType"];
            region: string;
            online: boolean;
            connections: number;
            connection: string | null;
            jobs: components["schemas"]["Whole"];
            zeroFeeJobs: components["schemas"]["Whole"];
            computeUnits: components["schemas"]["Whole"];
            pendingWei: components["schemas"]["Wei"];
            pendingEth: components["schemas"]["Eth"];
            reservedWei: components["schemas"]["Wei"];
            reservedEth: components["schemas"]["Eth"];
            paidWei: components["schemas"]["Wei"];
            paidEth: components["schemas"]["Eth"];
            lastEventAt: components["schemas"]["Time"] | null;
            createdAt: components["schemas"]["Time"];
        };
        Revenue: {
            /** @description What workers get of what is redeemed; null: this pool pays for each job. */
            share: {
                shareBps: number;
                everyMs: number;
            } | null;
            recipients: components["schemas"]["Address"][];
            ticketBroker: components["schemas"]["Address"] | null;
            next: {
                /**
                 * Format: date
                 * @description A day in UTC.
                 */
                from: string;
                /**
                 * Format: date
                 * @description The first day after it.
                 */
                until: string;
                closedAfter: components["schemas"]["Time"];
                /** @description Why it is not closed although its time has come. */
                waits: string | null;
            } | null;
            /** @description The last 30 days; null without a token. */
            days: components["schemas"]["RevenueDay"][] | null;
        };
        /** @description Fees of the jobs, what of them was credited, and what was redeemed. */
        RevenueDay: {
            /**
             * Format: date
             * @description A day in UTC.
             */
            day: string;
            grossWei: components["schemas"]["Wei"];
            grossEth: components["schemas"]["Eth"];
            creditedWei: components["schemas"]["Wei"];
            creditedEth: components["schemas"]["Eth"];
            redeemedWei: components["schemas"]["Wei"];
            redeemedEth: components["schemas"]["Eth"];
            redemptions: number;
        };
        /** @description share is the workers’ part of redeemed; share + carriedIn = shared + carriedOut. Each worker got shared times its work over weight, the fees of all work. */
        RevenuePeriod: {
            number: number;
            /**
             * Format: date
             * @description A day in UTC.
             */
            from: string;
            /**
             * Format: date
             * @description The first day after it.
             */
            until: string;
            redeemedWei: components["schemas"]["Wei"];
            redeemedEth: components["schemas"]["Eth"];
            shareWei: components["schemas"]["Wei"];
            shareEth: components["schemas"]["Eth"];
            carriedInWei: components["schemas"]["Wei"];
            carriedInEth: components["schemas"]["Eth"];
            sharedWei: components["schemas"]["Wei"];
            sharedEth: components["schemas"]["Eth"];
            carriedOutWei: components["schemas"]["Wei"];
            carriedOutEth: components["schemas"]["Eth"];
            weightWei: components["schemas"]["Wei"];
            weightEth: components["schemas"]["Eth"];
            workers: number;
            termsId: string;
            closedAt: components["schemas"]["Time"];
        };
        SetAsideEvent: {
            id: string;
            sourceId: string;
            eventId: string | null;
            dtText: string | null;
            place: string | null;
            code: string;
            reason: string;
            raw: string | null;
            triedVersion: string;
            timesSeen: number;
            firstSeenAt: components["schemas"]["Time"];
            lastSeenAt: components["schemas"]["Time"];
            resolvedAt: components["schemas"]["Time"] | null;
        };
        ShadowComparison: {
            at: components["schemas"]["Time"];
            /** @enum {string} */
            basis: "http" | "file";
            failure: string | null;
            workers: number;
            unexplained: number;
        };
        ShadowPayee: {
            address: string;
            statedWei: components["schemas"]["Wei"];
            statedEth: components["schemas"]["Eth"];
            creditedWei: components["schemas"]["Wei"];
            creditedEth: components["schemas"]["Eth"];
            unexplainedWei: components["schemas"]["Wei"];
            unexplainedEth: components["schemas"]["Eth"];
            causes: {
                [key: string]: string;
            };
        };
        Solvency: {
            /** @description Whether the pool holds what it owes; null: nobody can say. */
            covered: boolean | null;
            words: string;
            /** @description The amounts; null without a token. */
            exact: {
                /** @enum {string} */
                cover: "covered" | "covered-elsewhere" | "wallet-short" | "not-covered" | "unknown";
                owedWei: components["schemas"]["Wei"];
                owedEth: components["schemas"]["Eth"];
                pendingWei: components["schemas"]["Wei"];
                pendingEth: components["schemas"]["Eth"];
                reservedWei: components["schemas"]["Wei"];
                reservedEth: components["schemas"]["Eth"];
                leftWei: components["schemas"]["Wei"];
                leftEth: components["schemas"]["Eth"];
                unattributedWei: components["schemas"]["Wei"];
                unattributedEth: components["schemas"]["Eth"];
                walletFreeWei: components["schemas"]["Wei"] | null;
                walletFreeEth: components["schemas"]["Eth"] | null;
                walletSeenAt: components["schemas"]["Time"] | null;
                elsewhereWei: components["schemas"]["Wei"] | null;
                elsewhereEth: components["schemas"]["Eth"] | null;
                elsewhereSeenAt: components["schemas"]["Time"] | null;
                missingWei: components["schemas"]["Wei"];
                missingEth: components["schemas"]["Eth"];
                nextWeekWei: components["schemas"]["Wei"];
                nextWeekEth: components["schemas"]["Eth"];
                topUpWei: components["schemas"]["Wei"];
                topUpEth: components["schemas"]["Eth"];
            } | null;
        };
        Source: {
            id: string;
            kind: string;
            region: string | null;
            nodeType: components["schemas"]["NodeType"] | null;
            of: string | null;
            stopped: {
                at: components["schemas"]["Time"];
                why?: string;
            } | null;
            moveUnproven: boolean;
            readsFrom: string | null;
            from: components["schemas"]["Time"] | null;
            cursor: components["schemas"]["Time"] | null;
            newestEventAt: components["schemas"]["Time"] | null;
            newestEventAgeMs: number | null;
            lastPassAt: components["schemas"]["Time"] | null;
            lastSuccessAt: components["schemas"]["Time"] | null;
            lagMs: number | null;
            lastError: {
                code: string;
                message: string | null;
            } | null;
            silence: {
                lastNewEventAt: components["schemas"]["Time"] | null;
                silentForMs: number | null;
                connectedWorkers: number;
            };
            clock: {
                aheadMs: number;
                behindMs: number | null;
            };
            removedAt: components["schemas"]["Time"] | null;
            events: components["schemas"]["Whole"];
            eventsLastDay: components["schemas"]["Whole"];
            zeroFeeEvents: components["schemas"]["Whole"];
            eventTypes: {
                eventType: string;
                version: number;
                events: components["schemas"]["Whole"];
            }[];
            setAside: number;
            unattributedJobs: number;
            unmatched: {
                /** @enum {string} */
                age: "under-1h" | "1h-6h" | "6h-1d" | "1d-7d" | "over-7d";
                jobs: number;
                grossWei: components["schemas"]["Wei"];
                grossEth: components["schemas"]["Eth"];
            }[];
            objects: {
                incomplete: number;
                overwritten: number;
                listedAt: components["schemas"]["Time"] | null;
                /** @description With the token. */
                findings?: {
                    incomplete: {
                        sourceId: string;
                        key: string;
                        version: string;
                        sizeBytes: number;
                        code: string | null;
                        message: string | null;
                        since: components["schemas"]["Time"] | null;
                        readAt: components["schemas"]["Time"];
                    }[];
                    changed: {
                        id: number;
                        sourceId: string;
                        key: string;
                        oldVersion: string;
                        newVersion: string;
                        oldSizeBytes: number;
                        newSizeBytes: number;
                        wasWhole: boolean;
                        seenAt: components["schemas"]["Time"];
                    }[];
                };
            };
        };
        Statement: {
            payee: components["schemas"]["Address"];
            from: string | null;
            to: string | null;
            /** @description Whether this period has the same statement for ever. */
            isFinal: boolean;
            opening: {
                balanceWei: components["schemas"]["Wei"];
                balanceEth: components["schemas"]["Eth"];
                pendingWei: components["schemas"]["Wei"];
                pendingEth: components["schemas"]["Eth"];
                reservedWei: components["schemas"]["Wei"];
                reservedEth: components["schemas"]["Eth"];
                paidWei: components["schemas"]["Wei"];
                paidEth: components["schemas"]["Eth"];
            };
            lines: components["schemas"]["StatementLine"][];
            closing: {
                balanceWei: components["schemas"]["Wei"];
                balanceEth: components["schemas"]["Eth"];
                pendingWei: components["schemas"]["Wei"];
                pendingEth: components["schemas"]["Eth"];
                reservedWei: components["schemas"]["Wei"];
                reservedEth: components["schemas"]["Eth"];
                paidWei: components["schemas"]["Wei"];
                paidEth: components["schemas"]["Eth"];
            };
        };
        StatementLine: {
            /** @description When it was booked: this decides about the period. */
            at: components["schemas"]["Time"];
            /** @enum {string} */
            type: "credit" | "payout" | "payout-reversed" | "payment" | "bonus" | "revenue-share" | "adjustment" | "correction" | "other";
            changeWei: components["schemas"]["Wei"];
            changeEth: components["schemas"]["Eth"];
            balanceWei: components["schemas"]["Wei"];
            balanceEth: components["schemas"]["Eth"];
            grossWei: components["schemas"]["Wei"] | null;
            commissionWei: components["schemas"]["Wei"] | null;
            termsId: string | null;
            /** @description The dated rate of the remote worker; null: the terms held alone. */
            rateId: string | null;
            rateReason: string | null;
            jobsFrom: components["schemas"]["Time"] | null;
            jobsTo: components["schemas"]["Time"] | null;
            nodeType: components["schemas"]["NodeType"] | null;
            region: string | null;
            payoutId: string | null;
            txHash: components["schemas"]["Hash"] | null;
            /** @description Where a payout or a payment went. */
            destination: components["schemas"]["Address"] | null;
            reference: string | null;
            reason: string | null;
            postingId: string;
        };
        SteeredPayout: {
            words: string;
            dryRun: boolean;
            payout: components["schemas"]["Payout"];
            workflowId: string;
            /** @description Null when none is configured. */
            workflowUrl: string | null;
        };
        Terms: {
            id: string;
            from: components["schemas"]["Time"];
            namedFrom: components["schemas"]["Time"];
            recordedAt: components["schemas"]["Time"];
            commissionBps: number;
            payoutThresholdWei: components["schemas"]["Wei"];
            payoutThresholdEth: components["schemas"]["Eth"];
            /** @description Milliseconds. */
            minPayoutIntervalMs: number;
            /** @enum {string} */
            rounding: "commission-floor" | "net-floor";
            /** @description By which policy single payees have terms of their own; null: nobody. */
            policy: {
                module: string | null;
                hash: string;
            } | null;
            /** @description What workers claim of other assets for each ETH earned: claimed, not paid by this program. */
            claims: {
                asset: string;
                perEth: string;
                decimals: number;
                from: components["schemas"]["Time"];
                until: components["schemas"]["Time"] | null;
                words: string;
            }[];
        };
        TermsVersion: {
            id: string;
            from: components["schemas"]["Time"];
            namedFrom: components["schemas"]["Time"];
            recordedAt: components["schemas"]["Time"];
            commissionBps: number;
            payoutThresholdWei: components["schemas"]["Wei"];
            payoutThresholdEth: components["schemas"]["Eth"];
            /** @description Milliseconds. */
            minPayoutIntervalMs: number;
            /** @enum {string} */
            rounding: "commission-floor" | "net-floor";
            /** @description By which policy single payees have terms of their own; null: nobody. */
            policy: {
                module: string | null;
                hash: string;
            } | null;
            /** @description What workers claim of other assets for each ETH earned: claimed, not paid by this program. */
            claims: {
                asset: string;
                perEth: string;
                decimals: number;
                from: components["schemas"]["Time"];
                until: components["schemas"]["Time"] | null;
                words: string;
            }[];
            /** @enum {string} */
            state: "withdrawn" | "in-force" | "announced" | "replaced";
            actor?: string | null;
            reason?: string | null;
        };
        /**
         * Format: date-time
         * @description A time in ISO 8601, UTC.
         */
        Time: string;
        /** @description What `eth_signTypedData_v4` takes (EIP-712). */
        TypedData: {
            types: {
                [key: string]: {
                    name: string;
                    type: string;
                }[];
            };
            domain: {
                name: string;
                version: string;
                chainId: number;
            };
            primaryType: string;
            message: {
                [key: string]: string | number;
            };
        };
        UnattributedJob: {
            /** @description The handle by which decisions name it. */
            job: string | null;
            sourceId: string;
            eventId: string | null;
            dt: components["schemas"]["Time"];
            ageMs: number;
            /** @enum {string} */
            role: "received" | "processed";
            /** @enum {string} */
            reason: "no-other-half" | "ambiguous" | "no-address";
            requestId: string | null;
            payee: components["schemas"]["Address"] | null;
            computeUnits: components["schemas"]["Whole"] | null;
            pipeline: string | null;
            modelId: string | null;
            candidates: {
                payee: components["schemas"]["Address"] | null;
                nodeType: components["schemas"]["NodeType"] | null;
                region: string | null;
                dt: components["schemas"]["Time"];
                eventId: string | null;
            }[];
            grossWei: components["schemas"]["Wei"] | null;
            grossEth: components["schemas"]["Eth"] | null;
        };
        Wallet: {
            chainId: number;
            address: components["schemas"]["Address"];
            nextNonce: components["schemas"]["Whole"];
            balance: {
                balanceWei: components["schemas"]["Wei"];
                balanceEth: components["schemas"]["Eth"];
                block: number;
                seenAt: components["schemas"]["Time"];
            } | null;
            /** @description The most severe of its halts. */
            halted: {
                code: string;
                reason: string;
                at: components["schemas"]["Time"];
                wallet: components["schemas"]["Address"];
            } | null;
            halts: {
                code: string;
                reason: string;
                at: components["schemas"]["Time"];
                wallet: components["schemas"]["Address"];
            }[];
            replacedBy: components["schemas"]["Address"] | null;
            earlier: {
                address: components["schemas"]["Address"];
                openTransfers: number;
                openWei: components["schemas"]["Wei"];
                openEth: components["schemas"]["Eth"];
                oldestOpenAt: components["schemas"]["Time"] | null;
            }[];
            openTransfers: number;
            openWei: components["schemas"]["Wei"];
            openEth: components["schemas"]["Eth"];
            oldestOpenAt: components["schemas"]["Time"] | null;
            opening: {
                nonce: components["schemas"]["Whole"];
                block: components["schemas"]["Whole"];
                balanceWei: components["schemas"]["Wei"];
                balanceEth: components["schemas"]["Eth"];
            };
            createdAt: components["schemas"]["Time"];
            /** @description Null when none is configured. */
            explorerUrl: string | null;
        };
        /** @description An amount in wei, exact, as a decimal string. */
        Wei: string;
        /** @description A whole number as a decimal string. */
        Whole: string;
        Why: {
            payee: components["schemas"]["Address"];
            at: components["schemas"]["Time"];
            /** @enum {string} */
            verdict: "pays" | "waits" | "not-due" | "stopped" | "under-way" | "held-up";
            words: string | null;
            decidedBy: components["schemas"]["Gate"] | null;
            pendingWei: components["schemas"]["Wei"];
            pendingEth: components["schemas"]["Eth"];
            payoutUnderWay: {
                id: string;
                state: string;
                amountWei: components["schemas"]["Wei"];
                amountEth: components["schemas"]["Eth"];
            } | null;
            /** @description When the next payout may be expected, by the last seven days. */
            expected: {
                /** @enum {string} */
                kind: "reached" | "expected" | "unknown";
                words: string;
                earliest: components["schemas"]["Time"] | null;
                latest: components["schemas"]["Time"] | null;
                unknown: ("few-jobs" | "far-off") | null;
            };
            pool: components["schemas"]["Gate"][];
            round: components["schemas"]["Gate"][];
            payout: components["schemas"]["Gate"][];
        };
    };
    responses: {
        /** @description What `If-None-Match` names still holds. */
        NotModified: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description Refused: REQUEST_INVALID. */
        Refused400RequestInvalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "REQUEST_INVALID";
                };
            };
        };
        /** @description Refused: ADDRESS_MALFORMED, REQUEST_INVALID. */
        Refused400RequestInvalidAddressMalformed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "ADDRESS_MALFORMED" | "REQUEST_INVALID";
                };
            };
        };
        /** @description Refused: CURSOR_MALFORMED, REQUEST_INVALID. */
        Refused400RequestInvalidCursorMalformed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "CURSOR_MALFORMED" | "REQUEST_INVALID";
                };
            };
        };
        /** @description Refused: API_TOKEN_WRONG. */
        Refused401ApiTokenWrong: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "API_TOKEN_WRONG";
                };
            };
        };
        /** @description Refused: API_TOKEN_ROLE_TOO_LOW. */
        Refused403ApiTokenRoleTooLow: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "API_TOKEN_ROLE_TOO_LOW";
                };
            };
        };
        /** @description Refused: WISH_NOT_SIGNED. */
        Refused403WishNotSigned: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "WISH_NOT_SIGNED";
                };
            };
        };
        /** @description Refused: PAYEE_UNKNOWN. */
        Refused404PayeeUnknown: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "PAYEE_UNKNOWN";
                };
            };
        };
        /** @description Refused: ROUTE_NOT_FOUND. */
        Refused404RouteNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "ROUTE_NOT_FOUND";
                };
            };
        };
        /** @description Refused: FINDING_NOT_FOUND, ROUTE_NOT_FOUND. */
        Refused404RouteNotFoundFindingNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "FINDING_NOT_FOUND" | "ROUTE_NOT_FOUND";
                };
            };
        };
        /** @description Refused: OVERRIDE_NOT_FOUND, ROUTE_NOT_FOUND. */
        Refused404RouteNotFoundOverrideNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "OVERRIDE_NOT_FOUND" | "ROUTE_NOT_FOUND";
                };
            };
        };
        /** @description Refused: PAYEE_UNKNOWN, ROUTE_NOT_FOUND. */
        Refused404RouteNotFoundPayeeUnknown: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "PAYEE_UNKNOWN" | "ROUTE_NOT_FOUND";
                };
            };
        };
        /** @description Refused: PAYOUT_NOT_FOUND, ROUTE_NOT_FOUND. */
        Refused404RouteNotFoundPayoutNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "PAYOUT_NOT_FOUND" | "ROUTE_NOT_FOUND";
                };
            };
        };
        /** @description Refused: ROUTE_NOT_FOUND, SET_ASIDE_NOT_FOUND. */
        Refused404RouteNotFoundSetAsideNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "ROUTE_NOT_FOUND" | "SET_ASIDE_NOT_FOUND";
                };
            };
        };
        /** @description Refused: ROUTE_NOT_FOUND, SOURCE_UNKNOWN. */
        Refused404RouteNotFoundSourceUnknown: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "ROUTE_NOT_FOUND" | "SOURCE_UNKNOWN";
                };
            };
        };
        /** @description Refused: SOURCE_UNKNOWN. */
        Refused404SourceUnknown: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "SOURCE_UNKNOWN";
                };
            };
        };
        /** @description Refused: FINDING_RESOLVED. */
        Refused409FindingResolved: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "FINDING_RESOLVED";
                };
            };
        };
        /** @description Refused: REPAIR_RUNNING. */
        Refused409RepairRunning: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "REPAIR_RUNNING";
                };
            };
        };
        /** @description Refused: SOURCE_NOT_STOPPED. */
        Refused409SourceNotStopped: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "SOURCE_NOT_STOPPED";
                };
            };
        };
        /** @description Refused: SOURCE_READ_TWICE. */
        Refused409SourceReadTwice: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "SOURCE_READ_TWICE";
                };
            };
        };
        /** @description Refused: WALLET_USED_BEFORE. */
        Refused409WalletUsedBefore: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "WALLET_USED_BEFORE";
                };
            };
        };
        /** @description Refused: BODY_TOO_LARGE. */
        Refused413BodyTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "BODY_TOO_LARGE";
                };
            };
        };
        /** @description Refused: IDEMPOTENCY_KEY_REUSED. */
        Refused422IdempotencyKeyReused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "IDEMPOTENCY_KEY_REUSED";
                };
            };
        };
        /** @description Refused: API_TOKEN_TRIED_TOO_OFTEN. */
        Refused429ApiTokenTriedTooOften: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "API_TOKEN_TRIED_TOO_OFTEN";
                };
            };
        };
        /** @description Refused: WISH_TOO_MANY. */
        Refused429WishTooMany: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "WISH_TOO_MANY";
                };
            };
        };
        /** @description Refused: INTERNAL. */
        Refused500: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "INTERNAL";
                };
            };
        };
        /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE. */
        Refused503: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE";
                };
            };
        };
        /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, TERMS_UNKNOWN. */
        Refused503TermsUnknown: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "TERMS_UNKNOWN";
                };
            };
        };
        /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, WALLET_UNKNOWN. */
        Refused503WalletUnknown: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "WALLET_UNKNOWN";
                };
            };
        };
        /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, WISH_UNVERIFIED. */
        Refused503WishUnverified: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {string} */
                    code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "WISH_UNVERIFIED";
                };
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            304: components["responses"]["NotModified"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getOpenapiJson: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        openapi: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        Commission: number | null;
                        /** @description A JSON number with all its digits: more than a double holds. */
                        TotalPayouts: number;
                        /** @description A JSON number with all its digits: more than a double holds. */
                        TotalPending: number;
                        Version: string;
                        Region: string;
                        NodeTypes: string[];
                    }[];
                };
            };
            304: components["responses"]["NotModified"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getTranscoder: {
        parameters: {
            query?: {
                /** @description Connected ones only. */
                filtered?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FirstManagersWorker"][];
                };
            };
            304: components["responses"]["NotModified"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getTranscoders: {
        parameters: {
            query?: {
                /** @description Connected ones only. */
                filtered?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FirstManagersWorker"][];
                };
            };
            304: components["responses"]["NotModified"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1Adjustments: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                    /** @default null */
                    nodeType?: ("ai" | "transcode") | null;
                    /** @default null */
                    region?: string | null;
                    /** @default false */
                    newPayee?: boolean;
                    /** @description An address, in one case or with its EIP-55 checksum. */
                    payee: string;
                    amountWei: string;
                    reference: string;
                    /** @default false */
                    allowDebt?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjustment"];
                };
            };
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404PayeeUnknown"];
            /** @description Refused: ADJUSTMENT_BELOW_ZERO, ADJUSTMENT_REFERENCE_USED, ORDERED_DAY_ABOVE_CAP, ORDER_ENDED, POOL_WRONG, REPAIR_RUNNING, WORKER_NOT_NAMED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ADJUSTMENT_BELOW_ZERO" | "ADJUSTMENT_REFERENCE_USED" | "ORDERED_DAY_ABOVE_CAP" | "ORDER_ENDED" | "POOL_WRONG" | "REPAIR_RUNNING" | "WORKER_NOT_NAMED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, TEMPORAL_UNREACHABLE, WORKER_SILENT. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "TEMPORAL_UNREACHABLE" | "WORKER_SILENT";
                    };
                };
            };
        };
    };
    getV1Archives: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Archive"][];
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1AuditLog: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                actor?: string;
                action?: string;
                subject?: string;
                /** @description A time with its zone, or a day. */
                from?: string;
                /** @description A time with its zone, or a day. */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        entries: components["schemas"]["AuditLogEntry"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Days: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                from?: string;
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        days: components["schemas"]["EarnedDay"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                        /**
                         * Format: date
                         * @description A day in UTC, by the time of the jobs.
                         */
                        from: string;
                        /**
                         * Format: date
                         * @description A day in UTC, by the time of the jobs.
                         */
                        to: string;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Findings: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                source?: string;
                all?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        findings: components["schemas"]["Finding"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                        lookedAt: components["schemas"]["Time"] | null;
                        open: number;
                        openAcknowledged: number;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            404: components["responses"]["Refused404SourceUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1FindingsIdAcknowledge: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        dryRun: boolean;
                        finding?: components["schemas"]["Finding"];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundFindingNotFound"];
            409: components["responses"]["Refused409FindingResolved"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Guard: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description An address, in one case or with its EIP-55 checksum. */
                payee?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workers: components["schemas"]["GuardStanding"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                        /** @enum {string} */
                        mode: "off" | "warn" | "exclude";
                    };
                };
            };
            /** @description Refused: ADDRESS_MALFORMED, CURSOR_MALFORMED, REQUEST_INVALID. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ADDRESS_MALFORMED" | "CURSOR_MALFORMED" | "REQUEST_INVALID";
                    };
                };
            };
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1GuardEffect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        advice: string;
                        hours: {
                            hour: components["schemas"]["Time"];
                            jobs: number;
                            toExcluded: number;
                            expected: number;
                            /** @enum {string} */
                            verdict: "obeyed" | "ignored" | "not enough";
                            judgedBy: number;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1GuardOverrides: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        overrides: components["schemas"]["GuardOverride"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1GuardOverrides: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                    /** @description An address, in one case or with its EIP-55 checksum. */
                    ethAddress: string;
                    /** @enum {string} */
                    state: "good" | "warned" | "probation" | "excluded";
                    from?: string | null;
                    /** @description A time with its zone, or a day. */
                    until: string;
                    /** @default null */
                    nodeType?: ("ai" | "transcode") | null;
                    /** @default null */
                    region?: string | null;
                    /** @default null */
                    pipeline?: string | null;
                    /** @default null */
                    modelId?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        dryRun: boolean;
                        override: components["schemas"]["GuardOverride"];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404PayeeUnknown"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1GuardOverridesIdWithdraw: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        dryRun: boolean;
                        override: components["schemas"]["GuardOverride"];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundOverrideNotFound"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        version: string;
                    };
                };
            };
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Invitations: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                open?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        invitations: components["schemas"]["Invitation"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Live: {
        parameters: {
            query?: {
                /** @description An address, in one case or with its EIP-55 checksum. */
                payee?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        topic: "pool" | components["schemas"]["Address"];
                        /** @description Another one whenever something changes that the pages of the topic show. With `Accept: text/event-stream` a stream of events `state` whose data is the id, for 25 s. */
                        id: string;
                    };
                    "text/event-stream": string;
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Notices: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                kind?: "paid" | "reopened" | "refused" | "waiting" | "halted" | "halt-ended" | "wallet-low" | "source-silent" | "finding" | "drift" | "worker-offline" | "worker-state" | "terms-change" | "destination" | "invitation" | "test";
                dead?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        notices: components["schemas"]["Notice"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                        undelivered: {
                            target: string;
                            /** @enum {string} */
                            state: "waiting" | "delivered" | "dead";
                            deliveries: number;
                            oldestAgeMs: number;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1OperatorNeeds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        at: components["schemas"]["Time"];
                        wallet: {
                            freeWei: components["schemas"]["Wei"] | null;
                            freeEth: components["schemas"]["Eth"] | null;
                            perDayWei: components["schemas"]["Wei"];
                            perDayEth: components["schemas"]["Eth"];
                            runwayDays: number | null;
                        };
                        needs: components["schemas"]["Need"][];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Payees: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        payees: components["schemas"]["Payee"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1PayeesAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayeeInFull"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            404: components["responses"]["Refused404RouteNotFoundPayeeUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1PayeesAddressDays: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                from?: string;
                to?: string;
            };
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        days: components["schemas"]["EarnedDay"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                        payee: components["schemas"]["Address"];
                        /**
                         * Format: date
                         * @description A day in UTC, by the time of the jobs.
                         */
                        from: string;
                        /**
                         * Format: date
                         * @description A day in UTC, by the time of the jobs.
                         */
                        to: string;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            /** @description Refused: ADDRESS_MALFORMED, CURSOR_MALFORMED, REQUEST_INVALID. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ADDRESS_MALFORMED" | "CURSOR_MALFORMED" | "REQUEST_INVALID";
                    };
                };
            };
            404: components["responses"]["Refused404RouteNotFoundPayeeUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1PayeesAddressInvite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        payee: components["schemas"]["Address"];
                        dryRun: boolean;
                        /** @description False when it was so before. */
                        changed: boolean;
                        words: string;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFound"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1PayeesAddressStatement: {
        parameters: {
            query?: {
                from?: string;
                to?: string;
                format?: "json" | "csv";
            };
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Statement"];
                    "text/csv": string;
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            404: components["responses"]["Refused404RouteNotFoundPayeeUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1PayeesAddressUninvite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        payee: components["schemas"]["Address"];
                        dryRun: boolean;
                        /** @description False when it was so before. */
                        changed: boolean;
                        words: string;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFound"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1PayeesAddressWhy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Why"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            404: components["responses"]["Refused404RouteNotFoundPayeeUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503TermsUnknown"];
        };
    };
    getV1PayeesAddressWishes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSettings"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            404: components["responses"]["Refused404RouteNotFoundPayeeUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1PayeesAddressWishes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The message as it was signed, with its domain and its primaryType. */
                    typedData: {
                        [key: string]: unknown;
                    };
                    /** @description Bytes in hex, 0x first. */
                    signature: string;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSettings"];
                };
            };
            /** @description Refused: ADDRESS_MALFORMED, REQUEST_INVALID, WISH_MALFORMED, WISH_OUT_OF_BOUNDS. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ADDRESS_MALFORMED" | "REQUEST_INVALID" | "WISH_MALFORMED" | "WISH_OUT_OF_BOUNDS";
                    };
                };
            };
            403: components["responses"]["Refused403WishNotSigned"];
            404: components["responses"]["Refused404RouteNotFoundPayeeUnknown"];
            /** @description Refused: WISH_DESTINATION_REFUSED, WISH_EXPIRED, WISH_NOTHING_TO_REVOKE, WISH_OTHER_CHAIN, WISH_OTHER_PAYEE, WISH_OTHER_POOL, WISH_OUT_OF_TURN, WISH_REPLAYED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "WISH_DESTINATION_REFUSED" | "WISH_EXPIRED" | "WISH_NOTHING_TO_REVOKE" | "WISH_OTHER_CHAIN" | "WISH_OTHER_PAYEE" | "WISH_OTHER_POOL" | "WISH_OUT_OF_TURN" | "WISH_REPLAYED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429WishTooMany"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503WishUnverified"];
        };
    };
    getV1PayeesAddressWishesMessage: {
        parameters: {
            query: {
                kind: "threshold" | "pause" | "resume" | "nickname" | "notice-address" | "destination" | "revoke-destination";
                /** @description Of `threshold` in wei; 0 or nothing takes back what was wished before. */
                value?: string;
                /** @description For how many seconds the message is valid. */
                validFor?: number;
            };
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TypedData"];
                };
            };
            304: components["responses"]["NotModified"];
            /** @description Refused: ADDRESS_MALFORMED, REQUEST_INVALID, WISH_MALFORMED, WISH_OUT_OF_BOUNDS. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ADDRESS_MALFORMED" | "REQUEST_INVALID" | "WISH_MALFORMED" | "WISH_OUT_OF_BOUNDS";
                    };
                };
            };
            404: components["responses"]["Refused404RouteNotFoundPayeeUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Payouts: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                state?: ("reserved" | "signed" | "reopened" | "paid" | "refused" | "failed" | "cancelled")[];
                /** @description An address, in one case or with its EIP-55 checksum. */
                payee?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        payouts: components["schemas"]["Payout"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            /** @description Refused: ADDRESS_MALFORMED, CURSOR_MALFORMED, REQUEST_INVALID. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ADDRESS_MALFORMED" | "CURSOR_MALFORMED" | "REQUEST_INVALID";
                    };
                };
            };
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1Payouts: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with its key leads to the same payout. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description An address, in one case or with its EIP-55 checksum. */
                    payee: string;
                    /**
                     * @description Pays however little is pending, and however soon after the last payout.
                     * @default false
                     */
                    belowThreshold?: boolean;
                    /**
                     * @description Pays although the policy does not admit the payee or holds it, or the payee has paused its payouts. The audit log says what was looked past.
                     * @default false
                     */
                    despiteRules?: boolean;
                    /**
                     * @description Kept in the audit log.
                     * @default asked for through the API
                     */
                    reason?: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        payout: components["schemas"]["Payout"] | null;
                        workflowId: string;
                        /** @description Null when none is configured. */
                        workflowUrl: string | null;
                        created: boolean;
                        words: string;
                    } | {
                        amountWei: components["schemas"]["Wei"];
                        amountEth: components["schemas"]["Eth"];
                        created: boolean;
                        words: string;
                        payout: null;
                        dryRun: boolean;
                    };
                };
            };
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        payout: components["schemas"]["Payout"] | null;
                        workflowId: string;
                        /** @description Null when none is configured. */
                        workflowUrl: string | null;
                        created: boolean;
                        words: string;
                    } | {
                        amountWei: components["schemas"]["Wei"];
                        amountEth: components["schemas"]["Eth"];
                        created: boolean;
                        words: string;
                        payout: null;
                        dryRun: boolean;
                    };
                };
            };
            /** @description It goes on by itself. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        payout: components["schemas"]["Payout"] | null;
                        workflowId: string;
                        /** @description Null when none is configured. */
                        workflowUrl: string | null;
                        created: boolean;
                        words: string;
                    } | {
                        amountWei: components["schemas"]["Wei"];
                        amountEth: components["schemas"]["Eth"];
                        created: boolean;
                        words: string;
                        payout: null;
                        dryRun: boolean;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404PayeeUnknown"];
            /** @description Refused: ORDERED_DAY_ABOVE_CAP, PAYEE_IS_WALLET, PAYEE_UNPAYABLE, PAYOUT_NOTHING_DUE, PAYOUT_TOO_SOON, REPAIR_RUNNING, WALLET_HALTED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ORDERED_DAY_ABOVE_CAP" | "PAYEE_IS_WALLET" | "PAYEE_UNPAYABLE" | "PAYOUT_NOTHING_DUE" | "PAYOUT_TOO_SOON" | "REPAIR_RUNNING" | "WALLET_HALTED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            422: components["responses"]["Refused422IdempotencyKeyReused"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, TEMPORAL_UNREACHABLE, TERMS_UNKNOWN, WALLET_UNKNOWN, WORKER_SILENT. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "TEMPORAL_UNREACHABLE" | "TERMS_UNKNOWN" | "WALLET_UNKNOWN" | "WORKER_SILENT";
                    };
                };
            };
        };
    };
    getV1PayoutsId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayoutInFull"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            404: components["responses"]["Refused404RouteNotFoundPayoutNotFound"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1PayoutsIdApprove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SteeredPayout"];
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundPayoutNotFound"];
            /** @description Refused: PAYOUT_ALREADY_CLOSED, PAYOUT_ALREADY_SIGNED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "PAYOUT_ALREADY_CLOSED" | "PAYOUT_ALREADY_SIGNED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1PayoutsIdBump: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SteeredPayout"];
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundPayoutNotFound"];
            /** @description Refused: PAYOUT_ALREADY_CLOSED, PAYOUT_NOT_SIGNED, WALLET_REPLACED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "PAYOUT_ALREADY_CLOSED" | "PAYOUT_NOT_SIGNED" | "WALLET_REPLACED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1PayoutsIdCancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SteeredPayout"];
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundPayoutNotFound"];
            /** @description Refused: PAYOUT_ALREADY_CLOSED, PAYOUT_ALREADY_SIGNED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "PAYOUT_ALREADY_CLOSED" | "PAYOUT_ALREADY_SIGNED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1PayoutsIdCredits: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                by?: ("day" | "pipeline" | "model")[];
                day?: string;
                pipeline?: string;
                model?: string;
                format?: "json" | "csv";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayoutCredits"];
                    "text/csv": string;
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            404: components["responses"]["Refused404RouteNotFoundPayoutNotFound"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1PayoutsIdHold: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SteeredPayout"];
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundPayoutNotFound"];
            /** @description Refused: PAYOUT_ALREADY_CLOSED, PAYOUT_ALREADY_SIGNED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "PAYOUT_ALREADY_CLOSED" | "PAYOUT_ALREADY_SIGNED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1PayoutsIdResume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SteeredPayout"];
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundPayoutNotFound"];
            /** @description Refused: PAYOUT_ALREADY_CLOSED, PAYOUT_ALREADY_SIGNED, PAYOUT_NOT_HELD. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "PAYOUT_ALREADY_CLOSED" | "PAYOUT_ALREADY_SIGNED" | "PAYOUT_NOT_HELD";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Pool: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pool"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ok" | "unavailable";
                        /** @description `ok`, or the code of an error. */
                        database: string;
                        /** @description `ok`, or the code of an error. */
                        temporal: string;
                        /** @description `ok`, or the code of an error. */
                        worker: string;
                    };
                };
            };
            500: components["responses"]["Refused500"];
            /** @description It is not ready. Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ok" | "unavailable";
                        /** @description `ok`, or the code of an error. */
                        database: string;
                        /** @description `ok`, or the code of an error. */
                        temporal: string;
                        /** @description `ok`, or the code of an error. */
                        worker: string;
                    } | (components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE";
                    });
                };
            };
        };
    };
    getV1Rebuild: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        latest: components["schemas"]["Rebuild"] | null;
                        items: components["schemas"]["Rebuild"][];
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Reconciliation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        latest: components["schemas"]["Reconciliation"] | null;
                        items: components["schemas"]["Reconciliation"][];
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Revenue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Revenue"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1RevenuePeriods: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        periods: components["schemas"]["RevenuePeriod"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1RevenueRedemptions: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                state?: "open" | "redeemed" | "nothing";
                period?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        redemptions: components["schemas"]["Redemption"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1RoundPreview: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                verdict?: "pays" | "waits" | "not-due";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        payees: {
                            payee: components["schemas"]["Address"];
                            pendingWei: components["schemas"]["Wei"];
                            pendingEth: components["schemas"]["Eth"];
                            /** @enum {string} */
                            verdict: "pays" | "waits" | "not-due";
                            code: string | null;
                            reason: string | null;
                        }[];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                        at: components["schemas"]["Time"];
                        /** @description What was looked at, for `POST /v1/rounds`. */
                        previewHash: string;
                        gas: {
                            transfers: number;
                            perTransfer: components["schemas"]["Whole"];
                            baseFeeWei: components["schemas"]["Wei"] | null;
                            costWei: components["schemas"]["Wei"] | null;
                            costEth: components["schemas"]["Eth"] | null;
                        };
                        halts: {
                            code: string;
                            reason: string;
                        }[];
                        stops: {
                            code: string;
                            reason: string;
                        }[];
                        totals: {
                            payees: number;
                            pays: number;
                            waits: number;
                            notDue: number;
                            paysWei: components["schemas"]["Wei"];
                            paysEth: components["schemas"]["Eth"];
                            waitsWei: components["schemas"]["Wei"];
                            waitsEth: components["schemas"]["Eth"];
                            usedTodayWei: components["schemas"]["Wei"];
                            usedTodayEth: components["schemas"]["Eth"];
                            leftTodayWei: components["schemas"]["Wei"];
                            leftTodayEth: components["schemas"]["Eth"];
                            beyondTodayWei: components["schemas"]["Wei"];
                            beyondTodayEth: components["schemas"]["Eth"];
                        };
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503TermsUnknown"];
        };
    };
    postV1Rounds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    previewHash: string;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflowId: string;
                        /** @description Null when none is configured. */
                        workflowUrl: string | null;
                        round: {
                            id: string;
                            payouts: number;
                            reservedWei: components["schemas"]["Wei"];
                            reservedEth: components["schemas"]["Eth"];
                        } | null;
                        words: string;
                    };
                };
            };
            /** @description It goes on by itself. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflowId: string;
                        /** @description Null when none is configured. */
                        workflowUrl: string | null;
                        round: {
                            id: string;
                            payouts: number;
                            reservedWei: components["schemas"]["Wei"];
                            reservedEth: components["schemas"]["Eth"];
                        } | null;
                        words: string;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            /** @description Refused: ORDER_ENDED, POOL_WRONG, REPAIR_RUNNING, ROUND_DIFFERS, WALLET_HALTED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ORDER_ENDED" | "POOL_WRONG" | "REPAIR_RUNNING" | "ROUND_DIFFERS" | "WALLET_HALTED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, TEMPORAL_UNREACHABLE, TERMS_UNKNOWN, WALLET_UNKNOWN, WORKER_SILENT. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "TEMPORAL_UNREACHABLE" | "TERMS_UNKNOWN" | "WALLET_UNKNOWN" | "WORKER_SILENT";
                    };
                };
            };
        };
    };
    getV1SetAside: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                source?: string;
                code?: string;
                resolved?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        events: components["schemas"]["SetAsideEvent"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            404: components["responses"]["Refused404SourceUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1SetAsideRetry: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                    ids?: string[];
                    /** @default null */
                    code?: string | null;
                    /** @default null */
                    source?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        applied: boolean;
                        looked: number;
                        outcomes: {
                            [key: string]: number;
                        };
                        shown: {
                            id: string;
                            sourceId: string;
                            eventId: string | null;
                            outcome: string;
                            code: string | null;
                            words: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            /** @description Refused: SET_ASIDE_NOT_FOUND, SOURCE_UNKNOWN. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "SET_ASIDE_NOT_FOUND" | "SOURCE_UNKNOWN";
                    };
                };
            };
            /** @description Refused: ORDER_ENDED, POOL_WRONG, REPAIR_RUNNING. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ORDER_ENDED" | "POOL_WRONG" | "REPAIR_RUNNING";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, TEMPORAL_UNREACHABLE, WORKER_SILENT. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "TEMPORAL_UNREACHABLE" | "WORKER_SILENT";
                    };
                };
            };
        };
    };
    getV1SetAsideId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        sourceId: string;
                        eventId: string | null;
                        dtText: string | null;
                        place: string | null;
                        code: string;
                        reason: string;
                        raw: string | null;
                        triedVersion: string;
                        timesSeen: number;
                        firstSeenAt: components["schemas"]["Time"];
                        lastSeenAt: components["schemas"]["Time"];
                        resolvedAt: components["schemas"]["Time"] | null;
                        help: string;
                        stored: unknown;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            404: components["responses"]["Refused404RouteNotFoundSetAsideNotFound"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Shadow: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        beganAt: components["schemas"]["Time"] | null;
                        promotedAt: components["schemas"]["Time"] | null;
                        fault: string | null;
                        comparisons: components["schemas"]["ShadowComparison"][];
                        payees: components["schemas"]["ShadowPayee"][];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Solvency: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Solvency"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Sources: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        sources: components["schemas"]["Source"][];
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1SourcesIdBackfill: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Kept in the audit log.
                     * @default asked for through the API
                     */
                    reason?: string;
                    from: string;
                    to?: string | null;
                };
            };
        };
        responses: {
            /** @description It goes on by itself. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflowId: string;
                        runId: string;
                        created: boolean;
                        workflowUrl: string | null;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundSourceUnknown"];
            409: components["responses"]["Refused409RepairRunning"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, TEMPORAL_UNREACHABLE, WORKER_SILENT. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "TEMPORAL_UNREACHABLE" | "WORKER_SILENT";
                    };
                };
            };
        };
    };
    getV1SourcesIdHours: {
        parameters: {
            query?: {
                hours?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        source: string;
                        from: components["schemas"]["Time"];
                        to: components["schemas"]["Time"];
                        hours: {
                            hour: components["schemas"]["Time"];
                            eventType: string;
                            version: number;
                            events: components["schemas"]["Whole"];
                            zeroFeeEvents: components["schemas"]["Whole"];
                        }[];
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            404: components["responses"]["Refused404RouteNotFoundSourceUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1SourcesIdMove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                    to: string;
                    /** @default false */
                    accept?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        from: string;
                        to: string;
                        changed: boolean;
                        applied: boolean;
                        newestAt: components["schemas"]["Time"] | null;
                        mustProve: boolean;
                        words: string;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundSourceUnknown"];
            409: components["responses"]["Refused409SourceReadTwice"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1SourcesIdPrices: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        source: string;
                        models: number;
                        prices: {
                            nodeType: components["schemas"]["NodeType"];
                            pipeline: string | null;
                            modelId: string | null;
                            hour: components["schemas"]["Time"];
                            jobs: number;
                            pricePerUnitWei: string;
                            usualPerUnitWei: string | null;
                            changeRatio: number | null;
                        }[];
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            404: components["responses"]["Refused404RouteNotFoundSourceUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1SourcesIdResume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        resumed: boolean;
                        dryRun: boolean;
                        words: string;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            404: components["responses"]["Refused404RouteNotFoundSourceUnknown"];
            409: components["responses"]["Refused409SourceNotStopped"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Sync: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Null while all sources are read. */
                        paused: {
                            by: string;
                            reason: string;
                            at: components["schemas"]["Time"];
                        } | null;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1SyncPause: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        changed: boolean;
                        dryRun: boolean;
                        words: string;
                        /** @description Null while all sources are read. */
                        paused: {
                            by: string;
                            reason: string;
                            at: components["schemas"]["Time"];
                        } | null;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1SyncResume: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        changed: boolean;
                        dryRun: boolean;
                        words: string;
                        /** @description Null while all sources are read. */
                        paused: {
                            by: string;
                            reason: string;
                            at: components["schemas"]["Time"];
                        } | null;
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getV1Terms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        now: components["schemas"]["Time"];
                        inForce: components["schemas"]["Terms"];
                        announced: components["schemas"]["TermsVersion"][];
                        versions: components["schemas"]["TermsVersion"][];
                        files: {
                            worker?: string;
                            commissionBps: number;
                            payoutThresholdWei: components["schemas"]["Wei"];
                            payoutThresholdEth: components["schemas"]["Eth"];
                            /** @description Milliseconds. */
                            minPayoutIntervalMs: number;
                            /** @enum {string} */
                            rounding: "commission-floor" | "net-floor";
                            /** @description By which policy single payees have terms of their own; null: nobody. */
                            policy: {
                                module: string | null;
                                hash: string;
                            } | null;
                            /** @description What workers claim of other assets for each ETH earned: claimed, not paid by this program. */
                            claims: {
                                asset: string;
                                perEth: string;
                                decimals: number;
                                from: components["schemas"]["Time"];
                                until: components["schemas"]["Time"] | null;
                                words: string;
                            }[];
                            termsFrom: components["schemas"]["Time"] | null;
                            differs: string | null;
                        }[];
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503TermsUnknown"];
        };
    };
    postV1Terms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                    commissionBps?: number;
                    payoutThresholdWei?: string;
                    minPayoutIntervalMs?: number;
                    /** @enum {string} */
                    rounding?: "commission-floor" | "net-floor";
                    from?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        applied: boolean;
                        changed: boolean;
                        words: string;
                        before: components["schemas"]["Terms"];
                        after: components["schemas"]["Terms"];
                        withdrawn: components["schemas"]["Terms"][];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            /** @description Refused: TERMS_FROM_PAST, TERMS_FROM_TAKEN, TERMS_SHARE_REVENUE. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "TERMS_FROM_PAST" | "TERMS_FROM_TAKEN" | "TERMS_SHARE_REVENUE";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503TermsUnknown"];
        };
    };
    getV1Unattributed: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                source?: string;
                role?: "processed" | "received";
                requestId?: string;
                /** @description A time with its zone, or a day. */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        jobs: components["schemas"]["UnattributedJob"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalidCursorMalformed"];
            404: components["responses"]["Refused404SourceUnknown"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    postV1UnattributedAbsorb: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                    /** @default [] */
                    jobs?: string[];
                    /** @default null */
                    requestId?: string | null;
                    /** @default null */
                    source?: string | null;
                    before?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobDecision"];
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            /** @description Refused: JOB_NOT_FOUND, SOURCE_UNKNOWN. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "JOB_NOT_FOUND" | "SOURCE_UNKNOWN";
                    };
                };
            };
            /** @description Refused: JOB_ALREADY_CREDITED, JOB_ALREADY_DECIDED, ORDER_ENDED, POOL_WRONG, REPAIR_RUNNING. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "JOB_ALREADY_CREDITED" | "JOB_ALREADY_DECIDED" | "ORDER_ENDED" | "POOL_WRONG" | "REPAIR_RUNNING";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, TEMPORAL_UNREACHABLE, WORKER_SILENT. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "TEMPORAL_UNREACHABLE" | "WORKER_SILENT";
                    };
                };
            };
        };
    };
    postV1UnattributedAssign: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                    /** @default [] */
                    jobs?: string[];
                    /** @default null */
                    requestId?: string | null;
                    /** @default null */
                    source?: string | null;
                    before?: string | null;
                    /** @default null */
                    nodeType?: ("ai" | "transcode") | null;
                    /** @default null */
                    region?: string | null;
                    /** @default false */
                    newPayee?: boolean;
                    /** @description An address, in one case or with its EIP-55 checksum. */
                    to: string;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobDecision"];
                };
            };
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            /** @description Refused: JOB_NOT_FOUND, PAYEE_UNKNOWN, SOURCE_UNKNOWN. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "JOB_NOT_FOUND" | "PAYEE_UNKNOWN" | "SOURCE_UNKNOWN";
                    };
                };
            };
            /** @description Refused: JOB_ALREADY_CREDITED, JOB_ALREADY_DECIDED, ORDERED_DAY_ABOVE_CAP, ORDER_ENDED, POOL_WRONG, REPAIR_RUNNING, WORKER_NOT_NAMED. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "JOB_ALREADY_CREDITED" | "JOB_ALREADY_DECIDED" | "ORDERED_DAY_ABOVE_CAP" | "ORDER_ENDED" | "POOL_WRONG" | "REPAIR_RUNNING" | "WORKER_NOT_NAMED";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            /** @description Refused: API_BUSY, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, TEMPORAL_UNREACHABLE, WORKER_SILENT. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "TEMPORAL_UNREACHABLE" | "WORKER_SILENT";
                    };
                };
            };
        };
    };
    getV1Wallet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Wallet"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Refused400RequestInvalid"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503WalletUnknown"];
        };
    };
    postV1WalletHalt: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        changed: boolean;
                        dryRun: boolean;
                        wallet: components["schemas"]["Wallet"];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503WalletUnknown"];
        };
    };
    postV1WalletReplace: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                    /** @description An address, in one case or with its EIP-55 checksum. */
                    to: string;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        changed: boolean;
                        dryRun: boolean;
                        words: string;
                        wallet: components["schemas"]["Wallet"];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalidAddressMalformed"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            409: components["responses"]["Refused409WalletUsedBefore"];
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503WalletUnknown"];
        };
    };
    postV1WalletResume: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Kept in the audit log. */
                    reason: string;
                    /**
                     * @description Says what it would come to, and changes nothing.
                     * @default false
                     */
                    dryRun?: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        changed: boolean;
                        dryRun: boolean;
                        words: string;
                        wallet: components["schemas"]["Wallet"];
                    };
                };
            };
            400: components["responses"]["Refused400RequestInvalid"];
            401: components["responses"]["Refused401ApiTokenWrong"];
            403: components["responses"]["Refused403ApiTokenRoleTooLow"];
            /** @description Refused: INVARIANT_BROKEN, NONCE_AHEAD_OF_LEDGER, NONCE_TAKEN_BY_UNKNOWN. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "INVARIANT_BROKEN" | "NONCE_AHEAD_OF_LEDGER" | "NONCE_TAKEN_BY_UNKNOWN";
                    };
                };
            };
            413: components["responses"]["Refused413BodyTooLarge"];
            429: components["responses"]["Refused429ApiTokenTriedTooOften"];
            500: components["responses"]["Refused500"];
            /** @description Refused: API_BUSY, AUDIT_BEHIND, DATABASE_FORBIDDEN, DATABASE_FULL, DATABASE_READ_ONLY, DATABASE_UNREACHABLE, WALLET_UNKNOWN. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "API_BUSY" | "AUDIT_BEHIND" | "DATABASE_FORBIDDEN" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_UNREACHABLE" | "WALLET_UNKNOWN";
                    };
                };
            };
        };
    };
    getV1Workers: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description An address, in one case or with its EIP-55 checksum. */
                payee?: string;
                nodeType?: "ai" | "transcode";
                region?: string;
                online?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workers: components["schemas"]["RemoteWorker"][];
                        /** @description Pass it as `cursor` to get the next page; null at the end. */
                        nextCursor: string | null;
                    };
                };
            };
            304: components["responses"]["NotModified"];
            /** @description Refused: ADDRESS_MALFORMED, CURSOR_MALFORMED, REQUEST_INVALID. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {string} */
                        code?: "ADDRESS_MALFORMED" | "CURSOR_MALFORMED" | "REQUEST_INVALID";
                    };
                };
            };
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
    getWorkers: {
        parameters: {
            query?: {
                /** @description Connected ones only. */
                filtered?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FirstManagersWorker"][];
                };
            };
            304: components["responses"]["NotModified"];
            500: components["responses"]["Refused500"];
            503: components["responses"]["Refused503"];
        };
    };
}
