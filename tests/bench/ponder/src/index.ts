import { ponder } from "ponder:registry";
import { job, jobEvent } from "ponder:schema";

ponder.on("JobManager:JobCreated", async ({ event, context }) => {
    await context.db.insert(jobEvent).values({
        id: event.id,
        jobId: event.args.jobId,
        kind: "created",
        renter: event.args.renter,
        provider: event.args.provider,
        amount: event.args.payment,
        blockNumber: event.block.number,
        blockHash: event.block.hash,
        logIndex: event.log.logIndex,
        transactionHash: event.transaction.hash,
        at: event.block.timestamp,
    });
    await context.db.insert(job).values({
        id: event.args.jobId,
        renter: event.args.renter,
        provider: event.args.provider,
        payment: event.args.payment,
        status: "created",
        blockNumber: event.block.number,
        logIndex: event.log.logIndex,
        createdAt: event.block.timestamp,
    });
});
