// Journal and job, with the indexes of the dispatcher's tables for JobCreated.
import { index, onchainTable } from "ponder";

export const jobEvent = onchainTable(
    "job_event",
    (t) => ({
        id: t.text().primaryKey(),
        jobId: t.hex().notNull(),
        kind: t.text().notNull(),
        renter: t.hex().notNull(),
        provider: t.hex().notNull(),
        amount: t.bigint().notNull(),
        blockNumber: t.bigint().notNull(),
        blockHash: t.hex().notNull(),
        logIndex: t.integer().notNull(),
        transactionHash: t.hex().notNull(),
        at: t.bigint().notNull(),
    }),
    (table) => ({
        ofJob: index().on(table.jobId),
        byBlock: index().on(table.blockNumber),
    }),
);

export const job = onchainTable(
    "job",
    (t) => ({
        id: t.hex().primaryKey(),
        renter: t.hex().notNull(),
        provider: t.hex().notNull(),
        payment: t.bigint().notNull(),
        status: t.text().notNull(),
        blockNumber: t.bigint().notNull(),
        logIndex: t.integer().notNull(),
        createdAt: t.bigint().notNull(),
    }),
    (table) => ({
        byAge: index().on(table.blockNumber, table.logIndex),
        byStatus: index().on(table.status, table.blockNumber),
        byProvider: index().on(table.provider, table.blockNumber),
        byRenter: index().on(table.renter, table.blockNumber),
    }),
);
